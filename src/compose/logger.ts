// What the process says: one line of JSON an event, without what must stay secret.
import { type Logger as Pino, pino } from 'pino'
import type { Config } from '../config.ts'
import { createLogOutput } from './log-output.ts'

export type { Logger as Pino } from 'pino'

export const createLogger = ({ logLevel }: Config): Pino => {
  const output = createLogOutput({
    onLost: (lines) => logger.warn({ lines }, 'lines of the log were lost'),
  })
  const logger = pino(
    {
      level: logLevel,
      base: { service: 'pawtrail' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['token', 'password', 'authorization', '*.token', '*.password', '*.authorization'],
    },
    output,
  )
  process.once('exit', output.flush)
  return logger
}
