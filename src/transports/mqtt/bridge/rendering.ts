// Which messages an event becomes: the same as for clients of our own server, of the chosen tenants and class.
import type { StoredEvent } from '../../../core/event.ts'
import { createEntryMaker } from '../../feed/entry.ts'
import { isInTree } from '../access.ts'
import { type Message, messagesOfFrame, MQTT_FRAMING } from '../messages.ts'
import type { BridgeOptions } from './options.ts'

export type Rendering = Readonly<{
  isChosen: (event: StoredEvent) => boolean
  /** None for what is not chosen, hidden from the class, or of a build that is newer than this. */
  messagesOf: (event: StoredEvent) => readonly Message[]
}>

export const createRendering = (
  options: Pick<BridgeOptions, 'catalogue' | 'choice' | 'cursors' | 'logger' | 'schemaBase'>,
): Rendering => {
  const { tenants, visibility } = options.choice
  const entries = createEntryMaker({ ...options, know: () => undefined })
  const chosen = tenants === 'all' ? undefined : new Set(tenants)
  const isChosen = ({ tenantId }: StoredEvent): boolean => chosen?.has(tenantId) ?? true
  return {
    isChosen,
    messagesOf(event) {
      const entry = isChosen(event) ? entries.make(event) : undefined
      const frame = entry && entries.frameOf(entry, visibility, MQTT_FRAMING)
      if (frame === undefined) return []
      return messagesOfFrame(frame).filter(({ relative }) => isInTree(visibility, relative))
    },
  }
}
