// A database of the settings that cannot be connected to, in a sentence without what its URL keeps secret.
import { BadSetting, codeOf, reasonOf } from '../config/bad-setting.ts'

const REFUSED = /^28/ // the class of SQLSTATE for who may connect; its messages name the user
const NO_DATABASE = '3D000'

export const notConnecting = (name: 'DATABASE_URL' | 'EVENT_STORE_URL') => ({
  onNoConnection: (cause: Error): BadSetting =>
    new BadSetting(`${name}: ${problemOf(cause)}; set it to a PostgreSQL that can be used`, cause),
})

const problemOf = (cause: Error): string => {
  const code = codeOf(cause)
  if (REFUSED.test(code)) return 'the server refuses the user or the password'
  if (code === NO_DATABASE) return 'the server has no database of that name'
  return `no connection can be made (${reasonOf(cause)})`
}
