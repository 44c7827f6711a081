// Who may do what with webhooks. An endpoint of the staff class sends what only staff may see: whoever sets where that
// goes must be allowed to see it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasScope, type Scope } from '../../../core/auth.ts'
import type { WebhookConfig } from '../../../events/webhook.ts'
import { definitionOf } from '../../../events/registry.ts'
import { canonicalEventName } from '../../../core/webhooks.ts'
import type { Writer } from '../command-answer.ts'
import { requireScope } from '../host.ts'
import { ProblemError } from '../problem.ts'
import type { WebhookRouteOptions } from './options.ts'
import { fieldProblem } from './view.ts'

type Gate = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

/** Checked before the body is read and validated: who may not write learns nothing about what is valid. */
export const only =
  (scope: Scope): Gate =>
  (request, _reply, done) => {
    requireScope(request, scope)
    done()
  }

export const seesStaffEvents = ({ principal }: Writer): boolean =>
  hasScope(principal, 'read:events')

export const mayHave = (writer: Writer, visibility: WebhookConfig['visibility']): void => {
  if (visibility === 'public' || seesStaffEvents(writer)) return
  throw new ProblemError(
    'forbidden',
    'An endpoint of the staff class needs a token with the scope read:events.',
  )
}

/** What may be stored at all: an address that may be called, and events that the class can see. */
export const checkConfig = async (
  { outbound }: WebhookRouteOptions,
  { url, events, visibility }: Pick<WebhookConfig, 'url' | 'events' | 'visibility'>,
): Promise<void> => {
  const hidden =
    visibility === 'public'
      ? events.find((name) => definitionOf(canonicalEventName(name))?.visibleToPublic === 'none')
      : undefined
  if (hidden !== undefined) {
    throw fieldProblem('events', `${hidden} is for the staff class only: ask for visibility staff`)
  }
  const verdict = await outbound.check(url)
  if (verdict.kind === 'refused') {
    throw fieldProblem(
      'url',
      'Must be an https address that can be reached from the public network',
    )
  }
}
