// What the process says: one line of JSON an event, without what must stay secret.
import { type Logger as Pino, pino } from 'pino'
import type { Config } from '../config.ts'

export type { Logger as Pino } from 'pino'

export const createLogger = ({ logLevel }: Config): Pino =>
  pino({
    level: logLevel,
    base: { service: 'pawtrail' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: ['token', 'password', 'authorization', '*.token', '*.password', '*.authorization'],
  })
