// How a pet leaves care otherwise than by adoption, and comes back: POSTs under If-Match and Idempotency-Key.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PetResult } from '../../../application.ts'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import type { RouteParts } from '../options.ts'
import type { RequestTypes } from '../validation.ts'
import { outcomeBody, returnBody } from './body.ts'
import { petDocs } from './docs.ts'
import { changedPet, petWrite, sendWritten, staff, today } from './written.ts'

export const careRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { pets } = parts.application

  type Act = Readonly<{
    include: readonly string[] | undefined
    run: (context: ReturnType<typeof contextOf>) => Promise<PetResult>
  }>
  const act = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { include = [], run }: Act,
  ): Promise<FastifyReply> => {
    const writer = staff(request)
    const call = { request, ...writer, content: request.body }
    const result = await parts.runIdempotent(call, (idempotency) =>
      underIfMatch(request.headers['if-match'], (expectedVersion) =>
        run(contextOf(request, writer, { expectedVersion, idempotency })),
      ),
    )
    const done = doneOrThrow(result, 'pet', { 'intake.date': 'date' })
    return sendWritten(parts, reply, { writer, done, include })
  }

  routes.post(
    '/v1/pets/:id/outcome',
    {
      ...petWrite,
      config: { isJson: true, doc: petDocs.outcome },
      schema: { ...changedPet, operationId: 'recordOutcome', body: outcomeBody },
    },
    (request, reply) => {
      const { kind, date = today(parts), destination = null, reason = null } = request.body
      return act(request, reply, {
        include: request.query.include,
        run: (context) =>
          pets.recordOutcome(context, request.params.id, { kind, date, destination, reason }),
      })
    },
  )

  routes.post(
    '/v1/pets/:id/return',
    {
      ...petWrite,
      config: { isJson: true, doc: petDocs.returned },
      schema: { ...changedPet, operationId: 'returnPet', body: returnBody },
    },
    (request, reply) => {
      const { status, date = today(parts), source = null, condition = null } = request.body
      const { reason = null } = request.body
      const intake = { kind: 'RETURN', date, source, condition } as const
      return act(request, reply, {
        include: request.query.include,
        run: (context) => pets.returnToCare(context, request.params.id, { status, intake, reason }),
      })
    },
  )
}
