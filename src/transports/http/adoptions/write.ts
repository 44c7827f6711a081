// An application is submitted and withdrawn by its applicant; staff look into it and decide. PATCH with a status is
// another way to take the same steps.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AdoptionResult, SubmitAdoption } from '../../../application.ts'
import { contextOf, doneOrThrow, notFound } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import type { RouteParts } from '../options.ts'
import { maySee, type Party, partyOnly, personFor, requireParty, requireStaff } from '../party.ts'
import { sendWritten } from '../private-answer.ts'
import type { RequestTypes } from '../validation.ts'
import { adoptionDocs } from './docs.ts'
import { adoptionParams } from './read.ts'
import {
  type AdoptionBody,
  adoptionBody,
  adoptionSchema,
  completeBody,
  type NEXT_STATUSES,
  patchBody,
  reasonBody,
} from './schema.ts'
import { adoptionJson, adoptionTag } from './view.ts'

const tags = ['adoptions']
const SCOPE = 'write:adoptions'
const noQuery = z.strictObject({})
const shared = { compress: false, onRequest: partyOnly(SCOPE) } as const
const changed = {
  tags,
  params: adoptionParams,
  querystring: noQuery,
  response: { 200: adoptionSchema },
}

export const writeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  submitRoute(app, parts)
  stepRoutes(app, parts)
}

const submitRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/adoptions',
    {
      ...shared,
      config: { isJson: true, doc: adoptionDocs.submit },
      schema: {
        operationId: 'submitAdoption',
        tags,
        querystring: noQuery,
        body: adoptionBody,
        response: { 201: adoptionSchema },
      },
    },
    async (request, reply) => {
      const party = requireParty(request, SCOPE)
      const { applicantId } = request.body
      const input = submission(
        request.body,
        personFor(party, { field: 'applicantId', id: applicantId }),
      )
      const result = await parts.runIdempotent(
        { request, ...party, content: input },
        (idempotency) =>
          parts.application.adoptions.submit(contextOf(request, party, { idempotency }), input),
      )
      const { id } = doneOrThrow(result, 'pet')
      reply.code(201).header('location', `/v1/adoptions/${id}`)
      return sendResult(parts, reply, { party, result })
    },
  )
}

const submission = (body: AdoptionBody, applicantId: string): SubmitAdoption => {
  const { petId, message, household } = body
  return {
    petId,
    applicantId,
    message: message ?? null,
    household:
      household === undefined || household === null
        ? null
        : {
            homeType: household.homeType ?? null,
            adults: household.adults ?? null,
            children: household.children ?? null,
            otherPets: household.otherPets ?? null,
            hasYard: household.hasYard ?? null,
          },
  }
}

type Step = Readonly<{
  status: (typeof NEXT_STATUSES)[number]
  reason?: string | null | undefined
  date?: string | undefined
}>

const stepRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const reasoned = [
    ['review', 'reviewAdoption', 'UNDER_REVIEW'],
    ['approve', 'approveAdoption', 'APPROVED'],
    ['reject', 'rejectAdoption', 'REJECTED'],
    ['withdraw', 'withdrawAdoption', 'WITHDRAWN'],
  ] as const
  for (const [name, operationId, status] of reasoned) {
    routes.post(
      `/v1/adoptions/:id/${name}`,
      {
        ...shared,
        config: { isJson: true, doc: adoptionDocs[name] },
        schema: { ...changed, operationId, body: reasonBody },
      },
      (request, reply) =>
        take(parts, request, reply, {
          id: request.params.id,
          step: { status, reason: request.body?.reason },
        }),
    )
  }
  routes.post(
    '/v1/adoptions/:id/complete',
    {
      ...shared,
      config: { isJson: true, doc: adoptionDocs.complete },
      schema: { ...changed, operationId: 'completeAdoption', body: completeBody },
    },
    (request, reply) =>
      take(parts, request, reply, {
        id: request.params.id,
        step: { status: 'COMPLETED', date: request.body?.date },
      }),
  )
  routes.patch(
    '/v1/adoptions/:id',
    {
      ...shared,
      config: {
        isJson: true,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: adoptionDocs.patch,
      },
      schema: { ...changed, operationId: 'patchAdoption', body: patchBody },
    },
    (request, reply) => take(parts, request, reply, { id: request.params.id, step: request.body }),
  )
}

const take = async (
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, step }: Readonly<{ id: string; step: Step }>,
): Promise<FastifyReply> => {
  const party = await partyOf(parts, request, { id, step })
  const content = { ...step, reason: step.reason ?? null }
  const run = (idempotency?: Parameters<typeof contextOf>[2]['idempotency']) =>
    underIfMatch(request.headers['if-match'], (expectedVersion) =>
      command(parts, contextOf(request, party, { expectedVersion, idempotency }), { id, step }),
    )
  // A patch to where the application is already changes nothing: it needs no key.
  const result =
    request.method === 'POST'
      ? await parts.runIdempotent({ request, ...party, content }, run)
      : await run()
  return sendResult(parts, reply, { party, result })
}

/** Anybody may withdraw what is his own; all else is for staff. */
const partyOf = async (
  { application }: RouteParts,
  request: FastifyRequest,
  { id, step }: Readonly<{ id: string; step: Step }>,
): Promise<Party> => {
  if (step.status !== 'WITHDRAWN') return requireStaff(request, SCOPE)
  const party = requireParty(request, SCOPE)
  const adoption = await application.adoptions.get(party.tenantId, id)
  if (adoption === undefined || !maySee(party, adoption.applicantId)) throw notFound('application')
  return party
}

const command = (
  { application, clock }: RouteParts,
  context: ReturnType<typeof contextOf>,
  { id, step }: Readonly<{ id: string; step: Step }>,
): Promise<AdoptionResult> => {
  const { adoptions } = application
  const input = { reason: step.reason ?? null }
  switch (step.status) {
    case 'UNDER_REVIEW':
      return adoptions.startReview(context, id, input)
    case 'APPROVED':
      return adoptions.approve(context, id, input)
    case 'REJECTED':
      return adoptions.reject(context, id, input)
    case 'WITHDRAWN':
      return adoptions.withdraw(context, id, input)
    case 'COMPLETED': {
      const today = new Date(clock()).toISOString().slice(0, 10)
      return adoptions.complete(context, id, { date: step.date ?? today })
    }
  }
}

type Sent = Readonly<{ party: Party; result: AdoptionResult }>

const sendResult = async (
  parts: RouteParts,
  reply: FastifyReply,
  { party, result }: Sent,
): Promise<FastifyReply> => {
  const { tenantId } = party
  const done = doneOrThrow(result, 'application')
  const { id, state, version } = done
  // Whether the pet is reserved for it is the pet's to say.
  const now = await parts.application.adoptions.get(tenantId, id)
  const shown = { ...state, id, version, holdsReservation: now?.holdsReservation ?? false }
  const resource = adoptionJson(tenantId, shown)
  return sendWritten(parts, reply, { tenantId, done, tag: adoptionTag(shown), resource })
}
