// The lines of the banner work where they are pasted.
import path from 'node:path'
import t from 'tap'
import { banner } from '../../src/compose/banner.ts'
import { type Environment, loadConfig } from '../../src/config.ts'

const tokenLineOf = (environment: Environment): string => {
  const loaded = loadConfig(environment)
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('\n'))
  const text = banner(loaded.config, 'http://pets.test', 'off')
  return /^ *TOKEN=(.*)$/m.exec(text)?.[1] ?? ''
}

t.test('the line for a token carries what is not as usual, as a shell reads it', async (t) => {
  t.match(tokenLineOf({}), /^\$\(npm run -s pawtrail -- token /)
  const folder = path.resolve("/srv/Ann's pets")
  const line = tokenLineOf({ DATA_DIR: folder, JWT_ISSUER: 'https://a.test', JWT_AUDIENCE: 'b' })
  t.ok(
    line.startsWith(
      `$(DATA_DIR='/srv/Ann'\\''s pets' JWT_ISSUER='https://a.test' JWT_AUDIENCE='b' npm run `,
    ),
    line,
  )
})

t.test('with an outside identity provider it shows no command that would be refused', async (t) => {
  const line = tokenLineOf({
    JWKS_URL: 'https://a.test/keys',
    JWT_ISSUER: 'https://a.test',
    JWT_AUDIENCE: 'b',
  })
  t.notMatch(line, /npm run/)
})
