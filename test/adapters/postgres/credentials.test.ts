// Usernames and password hashes on a real database, under the role of the running program.
import t from 'tap'
import { createCredentialStore } from '../../../src/adapters/postgres/credentials.ts'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { credentialStoreContract } from '../../contracts/credential-store.ts'
import { testDatabase } from '../../support/database.ts'

const { database, admin } = await testDatabase(t)

credentialStoreContract(t, async (_, clock) => {
  await admin.query('truncate pawtrail.credentials')
  return createCredentialStore({ database, clock })
})

t.test('a username cannot carry SQL', async (t) => {
  const store = createCredentialStore({ database, clock: () => 0 })
  const username = `x'); drop table pawtrail.credentials; --`
  t.equal(
    await store.reserve(SHARED_TENANT, { userId: 'user-9', username, passwordHash: 'h' }),
    'reserved',
  )
  await store.confirm(SHARED_TENANT, 'user-9', username)
  t.equal((await store.find(SHARED_TENANT, username))?.username, username)
})
