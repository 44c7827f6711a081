// The OAuth store in memory keeps the promises of its port.
import t from 'tap'
import { createMemoryOAuthStore } from '../../../src/adapters/memory/oauth-store.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { oauthStoreContract } from '../../contracts/oauth-store.ts'

oauthStoreContract(t, async (_, clock) =>
  createMemoryOAuthStore({ clock, ids: uuidV7(clock), randomToken }),
)
