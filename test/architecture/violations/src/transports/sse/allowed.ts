// Nothing here may be caught: types of the application and of events, the registry, the host, the feed.
import { type Name } from '../../application.ts'
import type { Name as Fact } from '../../events/fact.ts'
import { name as word } from '../../core/word.ts'
import { name as registry } from '../../events/registry.ts'
import { name as engine } from '../feed/engine.ts'
import { name as host } from '../http/host.ts'

export const all: readonly (Name | Fact)[] = [word, registry, engine, host]
