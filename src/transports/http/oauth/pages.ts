// The pages that people see: a form each, without a script. Their policy lets a browser load nothing and send the form
// only to us, and on to where the answer leads.
import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import type { Scope } from '../../../core/auth.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import { type Html, html } from './html.ts'

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}' +
  'label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}' +
  'input,button{margin:.25rem 0 1rem;padding:.5rem}.no{color:#a00}'
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')
/** In one piece: the hash is over every character between its tags. */
const STYLE_ELEMENT: Html = { html: `<style>${STYLE}</style>` }

/** What a person reads instead of a scope's name. */
const MEANINGS: Readonly<Record<Scope, string>> = {
  'read:pets': 'see pets',
  'write:pets': 'change pets',
  'read:orders': 'see your orders',
  'write:orders': 'place and change your orders',
  'read:user': 'see your profile',
  'write:user': 'change your profile',
  'chat:write': 'chat for you',
  'read:adoptions': 'see your applications for adoption',
  'write:adoptions': 'apply for adoptions for you',
  'read:events': 'follow what happens live',
  'read:webhooks': 'see webhooks',
  'write:webhooks': 'change webhooks',
  'read:audit': 'see who changed what',
  'read:reports': 'see reports',
  admin: 'do everything that you may do',
}

export type Page = Readonly<{ status?: number; title: string; body: Html; formTarget?: string }>

/** `formTarget`: where the answer to the form may send the browser on to, as a source of a content security policy. */
export const sendPage = (reply: FastifyReply, page: Page): FastifyReply => {
  const targets = page.formTarget === undefined ? "'self'" : `'self' ${page.formTarget}`
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${page.title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <h1>${page.title}</h1>
        ${page.body}
      </body>
    </html> `
  return reply
    .code(page.status ?? 200)
    .removeHeader('access-control-allow-origin')
    .headers({
      'cache-control': 'no-store',
      'content-security-policy':
        `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${targets}; ` +
        "base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    })
    .type('text/html; charset=utf-8')
    .send(document.html)
}

export const sendRefusal = (reply: FastifyReply, status: number, sentence: string): FastifyReply =>
  sendPage(reply, {
    status,
    title: 'This does not work',
    body: html`<p class="no">${sentence}</p>`,
  })

type Consent = Readonly<{
  action: string // relative, so that it holds behind a proxy that adds a path
  clientName: string
  scopes: readonly Scope[]
  tenantId: TenantId
  hidden: Readonly<Record<string, string>>
  username?: string
  problem?: string
}>

export const consentForm = (consent: Consent): Html => {
  const { clientName, scopes, tenantId, username = '', problem } = consent
  const place = tenantId === SHARED_TENANT ? 'the shared pool' : `the tenant ${tenantId}`
  return html`<p>
      <strong>${clientName}</strong> asks to act for you in ${place}. It could, as far as you may
      yourself:
    </p>
    <ul>
      ${scopes.map((scope) => html`<li>${MEANINGS[scope]} (${scope})</li>`)}
    </ul>
    ${problemLine(problem)}
    <form method="post" action="${consent.action}">
      ${hiddenFields(consent.hidden)}
      <label>Username <input name="username" autocomplete="username" value="${username}" /></label>
      <label
        >Password <input name="password" type="password" autocomplete="current-password"
      /></label>
      <button name="decision" value="allow">Sign in and allow</button>
      <button name="decision" value="deny">Refuse</button>
    </form>`
}

export const userCodeForm = (
  hidden: Readonly<Record<string, string>>,
  { userCode, problem }: Readonly<{ userCode: string; problem?: string }>,
): Html =>
  html`<p>Type the code that your device shows. Go on only if you started this yourself.</p>
    ${problemLine(problem)}
    <form method="post" action="device">
      ${hiddenFields(hidden)}
      <label>Code <input name="user_code" autocomplete="off" value="${userCode}" /></label>
      <button>Go on</button>
    </form>`

const problemLine = (problem: string | undefined): Html =>
  problem === undefined ? html`` : html`<p class="no" role="alert">${problem}</p>`

const hiddenFields = (fields: Readonly<Record<string, string>>): readonly Html[] =>
  Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )
