// What may be registered as a client, and which redirect URIs are one of its own.
import fc from 'fast-check'
import t from 'tap'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { type ClientDefinition, USER_CODE_LETTERS, userCodeOf } from '../../src/core/oauth.ts'
import { allowsRedirectUri, isRedirectUri, problemOfClient } from '../../src/core/oauth-clients.ts'

const CLIENT: ClientDefinition = {
  name: 'Walks',
  kind: 'confidential',
  grantTypes: ['authorization_code', 'refresh_token'],
  scopes: ['read:pets'],
  tenants: [SHARED_TENANT],
  redirectUris: ['https://walks.example/cb'],
}

t.test('a client that makes sense may be registered', async (t) => {
  t.equal(problemOfClient(CLIENT), undefined)
  t.equal(problemOfClient({ ...CLIENT, kind: 'public' }), undefined)
  const robot = { ...CLIENT, grantTypes: ['client_credentials'], redirectUris: [] } as const
  t.equal(problemOfClient(robot), undefined)
})

for (const [changes, sentence] of [
  [{ name: '' }, /the name must have/],
  [{ name: 'a\u202eb' }, /the name must have/],
  [{ name: 'x'.repeat(101) }, /the name must have/],
  [{ grantTypes: [] }, /needs a grant type/],
  [{ scopes: [] }, /needs a scope/],
  [{ tenants: [] }, /needs 1 to 100 tenants/],
  [{ kind: 'public', grantTypes: ['client_credentials'] }, /which a public client cannot keep/],
  [{ grantTypes: ['refresh_token'], redirectUris: [] }, /goes with/],
  [{ redirectUris: [] }, /go together/],
  [{ grantTypes: ['client_credentials'] }, /go together/],
  [{ redirectUris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) }, /20/],
  [{ redirectUris: ['javascript:alert(1)'] }, /cannot be a redirect URI/],
] as const) {
  t.test(`${JSON.stringify(changes).slice(0, 60)} is refused with a sentence`, async (t) => {
    t.match(problemOfClient({ ...CLIENT, ...(changes as Partial<ClientDefinition>) }), sentence)
  })
}

t.test('addresses that only their owner can answer at may be registered', async (t) => {
  for (const uri of [
    'https://walks.example/cb',
    'https://walks.example:8443/cb?x=1&y=2',
    'http://127.0.0.1/cb',
    'http://[::1]:8080/cb',
    'http://localhost:3000/cb',
    'org.example.walks:/cb',
    'org.example.walks://cb',
  ]) {
    t.ok(isRedirectUri(uri), uri)
  }
})

t.test(
  'others may not, nor may what could break out of a header, a page or a policy',
  async (t) => {
    for (const uri of [
      ...['', 'cb', '/cb', '//walks.example/cb', 'https:walks.example', 'https://', 'walks:/cb'],
      ...['http://walks.example/cb', 'http://127.0.0.1.evil.example/cb', 'http://127.1/cb#x'],
      ...['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'blob:https://a/b'],
      ...[
        'https://user@walks.example/',
        'https://a.example/#x',
        'https://a.example/;x',
        'ftp://a/b',
      ],
      ...[
        'https://a.example/ b',
        'https://a.example/\r\nx',
        'https://a.example/"x',
        'https://a;b/',
      ],
      ...[
        "https://a.example/'x",
        'https://a.example/<x>',
        'https://ä.example/',
        'HTTPS://a.example/',
      ],
      `https://a.example/${'x'.repeat(600)}`,
    ]) {
      t.notOk(isRedirectUri(uri), uri)
    }
  },
)

t.test('what is asked for must be registered character by character', async (t) => {
  const registered = ['https://walks.example/cb?x=1']
  t.ok(allowsRedirectUri(registered, 'https://walks.example/cb?x=1'))
  for (const asked of [
    'https://walks.example/cb',
    'https://walks.example/cb?x=1&',
    'https://walks.example:443/cb?x=1',
    'https://walks.example/./cb?x=1',
    'https://WALKS.example/cb?x=1',
    'https://walks.example/cb?x=%31',
  ]) {
    t.notOk(allowsRedirectUri(registered, asked), asked)
  }
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), fc.webUrl(), (one, other) => {
      return allowsRedirectUri([one], other) === (one === other && isRedirectUri(one))
    }),
    { seed: 7 },
  )
})

t.test('but for the port on the addresses of this machine', async (t) => {
  const registered = ['http://127.0.0.1/cb', 'http://[::1]:1234/cb?x', 'http://localhost/cb']
  t.ok(allowsRedirectUri(registered, 'http://127.0.0.1:49152/cb'))
  t.ok(allowsRedirectUri(registered, 'http://[::1]/cb?x'))
  for (const asked of [
    'http://127.0.0.1:49152/other',
    'http://127.0.0.1:49152/cb/x',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.2:49152/cb',
    'http://127.0.0.1:80@evil.example/cb',
    'http://localhost:49152/cb',
    'https://127.0.0.1:49152/cb',
  ]) {
    t.notOk(allowsRedirectUri(registered, asked), asked)
  }
})

t.test('user codes favour no letter', async (t) => {
  const counts = new Map<string, number>()
  for (let byte = 0; byte < 256; byte += 1) {
    const code = userCodeOf(new Uint8Array(8).fill(byte))
    if (code === undefined) continue
    counts.set(code.charAt(0), (counts.get(code.charAt(0)) ?? 0) + 1)
  }
  t.equal(counts.size, USER_CODE_LETTERS.length)
  t.strictSame([...new Set(counts.values())], [12])
  t.equal(userCodeOf(new Uint8Array(40).fill(255)), undefined)
})
