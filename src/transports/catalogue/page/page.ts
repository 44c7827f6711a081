// The AsyncAPI document as a page: plain HTML made from the document, without scripts and without anything from
// elsewhere.
import { createHash } from 'node:crypto'
import type { AsyncApiDocument, Channel, Operation, Reference, Server } from '../asyncapi/types.ts'
import { anchorOf, type Html, markup, prose } from './html.ts'
import { messageSection } from './message.ts'
import { STYLE } from './style.ts'

const styleHash = createHash('sha256').update(STYLE).digest('base64')

export const PAGE_POLICY =
  `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'none'; base-uri 'none'; ` +
  `frame-ancestors 'none'`

export const asyncApiPage = (document: AsyncApiDocument): string => {
  const { info, channels, components } = document
  const used = usedMessages(document)
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${info.title}</title>
        <style>${{ html: STYLE }}</style>
      </head>
      <body>
        <header>
          <h1>${info.title} <small>${info.version}</small></h1>
          <p>${prose(info.description)}</p>
          <p>
            AsyncAPI ${document.asyncapi}: <a href="/v1/asyncapi.json">JSON</a>,
            <a href="/v1/asyncapi.yaml">YAML</a>. <a href="/v1/event-types">Types of events</a>.
            <a href="/v1/swagger-ui.html">HTTP API</a>.
          </p>
        </header>
        <nav>
          <h2>Channels</h2>
          <ul>
            ${Object.entries(channels).map(([name, channel]) => link('channel', name, titleOf(channel)))}
          </ul>
          <h2>Messages</h2>
          <ul>
            ${used.map((name) => link('message', name, name))}
          </ul>
        </nav>
        <main>
          <section>
            <h2>Servers</h2>
            ${Object.entries(document.servers).map(serverSection)}
          </section>
          <section>
            <h2>Channels</h2>
            ${Object.entries(channels).map(([name, channel]) => channelSection(document, name, channel))}
          </section>
          <section>
            <h2>Messages</h2>
            ${used.map((name) => messageSection(name, components))}
          </section>
        </main>
      </body>
    </html> `
  return page.html
}

const titleOf = ({ address, title }: Channel): string => address ?? title

const link = (kind: string, name: string, text: string): Html =>
  markup`<li><a href="#${anchorOf(kind, name)}">${text}</a></li> `

const lastOf = ({ $ref }: Reference): string => $ref.split('/').at(-1) ?? ''

/** The messages that some channel has, in the order of the document. */
const usedMessages = ({ channels, components }: AsyncApiDocument): readonly string[] => {
  const used = new Set(
    Object.values(channels).flatMap(({ messages }) => Object.values(messages).map(lastOf)),
  )
  return Object.keys(components.messages).filter((name) => used.has(name))
}

const serverSection = ([name, server]: readonly [string, Server]): Html =>
  markup`<article id="${anchorOf('server', name)}">
    <h3>${server.title} <code>${server.protocol}://${server.host}${server.pathname}</code></h3>
    <p>${prose(server.description)}</p>
  </article> `

const channelSection = (document: AsyncApiDocument, name: string, channel: Channel): Html => {
  const operations = Object.values(document.operations).filter(
    (operation) => lastOf(operation.channel) === name,
  )
  const parameters = Object.entries(channel.parameters ?? {})
  return markup`<article id="${anchorOf('channel', name)}">
    <h3><code>${titleOf(channel)}</code></h3>
    <p><b>${channel.title}.</b> ${prose(channel.description)}</p>
    <p>
      Server:
      ${channel.servers.map(lastOf).map((each) => markup`<a href="#${anchorOf('server', each)}">${each}</a> `)}
    </p>
    ${
      parameters.length === 0
        ? undefined
        : markup`<dl>
            ${parameters.map(
              ([key, { description }]) =>
                markup`<dt><code>${key}</code></dt>
                  <dd>${description}</dd>`,
            )}
          </dl>`
    }
    ${operations.map(operationPart)}
  </article> `
}

const operationPart = (operation: Operation): Html =>
  markup`<h4>${operation.action === 'send' ? 'You receive' : 'You send'}</h4>
    <p>${operation.summary}</p>
    ${
      operation.bindings === undefined
        ? undefined
        : markup`<details>
            <summary>Bindings</summary>
            <pre>${pretty(operation.bindings)}</pre>
          </details>`
    }
    <ul class="names">
      ${operation.messages.map((message) => link('message', lastOf(message), lastOf(message)))}
    </ul> `

const pretty = (value: unknown): string => JSON.stringify(value, undefined, 2)
