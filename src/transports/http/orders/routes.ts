// /v1/orders: a pet is ordered, paid for and sent on its way. Buyers see and change their own orders, staff all.
import type { FastifyInstance } from 'fastify'
import type { RouteParts } from '../options.ts'
import { callbackRoute } from './callback.ts'
import { paymentRoute } from './payment.ts'
import { readRoutes } from './read.ts'
import { receiptRoute } from './receipt.ts'
import { writeRoutes } from './write.ts'

export const orderRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  readRoutes(app, parts)
  writeRoutes(app, parts)
  paymentRoute(app, parts)
  receiptRoute(app, parts)
  callbackRoute(app, parts)
}
