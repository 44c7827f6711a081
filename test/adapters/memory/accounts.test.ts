// The memory stores keep the promises of their ports.
import t from 'tap'
import {
  createMemoryCredentialStore,
  createMemoryRefreshTokenStore,
} from '../../../src/adapters/memory/accounts.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { credentialStoreContract } from '../../contracts/credential-store.ts'
import { refreshTokenStoreContract } from '../../contracts/refresh-token-store.ts'

t.test('credentials', (t) => {
  credentialStoreContract(t, async (_, clock) => createMemoryCredentialStore({ clock }))
  t.end()
})

t.test('refresh tokens', (t) => {
  refreshTokenStoreContract(t, async (_, clock) =>
    createMemoryRefreshTokenStore({ clock, ids: uuidV7(clock), randomToken }),
  )
  t.end()
})
