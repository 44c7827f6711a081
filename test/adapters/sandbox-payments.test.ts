// The sandbox: no money, and an outcome for each documented number.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { createSandboxPayments } from '../../src/adapters/sandbox-payments/provider.ts'
import {
  type SandboxResult,
  TEST_ACCOUNTS,
  TEST_CARDS,
  TEST_NUMBERS_ONLY,
} from '../../src/adapters/sandbox-payments/test-numbers.ts'
import { brandOf } from '../../src/commands/shown-source.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'
import type { Charge, ChargeOutcome, PaymentSource } from '../../src/core/payments.ts'
import { fixedClock } from '../support/fixed-clock.ts'

const SETTLE_AFTER_MS = 1_000

const card = (number: string, expYear = 2030, expMonth = 12): PaymentSource => ({
  object: 'card',
  name: 'Ada Byron',
  number,
  cvc: null,
  expMonth,
  expYear,
  billingAddress: null,
})
const account = (accountNumber: string): PaymentSource => ({
  object: 'bank_account',
  accountHolderName: 'Ada Byron',
  accountNumber,
  routingNumber: '110000000',
  accountType: 'CHECKING',
  bankName: null,
})
const chargeOf = (source: PaymentSource, paymentId = 'p-1'): Charge => ({
  tenantId: SHARED_TENANT,
  paymentId,
  amount: '75.00',
  currency: 'USD',
  source,
})

const rig = (maxPayments?: number) => {
  const clock = fixedClock()
  const limits = maxPayments === undefined ? {} : { maxPayments }
  const payments = createSandboxPayments({ clock, settleAfterMs: SETTLE_AFTER_MS, ...limits })
  return { clock, payments, find: (id = 'p-1') => payments.find(SHARED_TENANT, id) }
}

const succeeded = { kind: 'succeeded', reference: 'sandbox_p-1' } as const
const processing = { kind: 'processing' } as const

const finalOutcome = (result: SandboxResult): ChargeOutcome =>
  'code' in result ? { kind: 'failed', code: result.code, message: result.message } : succeeded

const ALL = [
  ...TEST_CARDS.map(({ number, result }) => ({ source: card(number), number, result })),
  ...TEST_ACCOUNTS.map(({ number, result }) => ({ source: account(number), number, result })),
]

for (const { source, number, result } of ALL) {
  void t.test(`${source.object} ${number} ${result.kind}, every time`, async (t) => {
    const { payments, clock, find } = rig()
    const isLater = result.kind.endsWith('_later')
    const expected = finalOutcome(result)
    t.equal(await find(), undefined)
    if (result.kind === 'answer_lost') await t.rejects(payments.charge(chargeOf(source)))
    else t.strictSame(await payments.charge(chargeOf(source)), isLater ? processing : expected)
    t.strictSame(await find(), isLater ? processing : expected)
    clock.advance(SETTLE_AFTER_MS - 1)
    t.strictSame(await find(), isLater ? processing : expected)
    clock.advance(1)
    t.strictSame(await find(), expected)
    t.strictSame(await payments.charge(chargeOf(source)), expected, 'a repeat is no second charge')
  })
}

void t.test('a payment is what it was charged with first', async (t) => {
  const { payments, find } = rig()
  await payments.charge(chargeOf(card('4242424242424242')))
  t.strictSame(await payments.charge(chargeOf(card('4000000000000002'))), succeeded)
  t.strictSame(await find(), succeeded)
})

void t.test('payments of other tenants and other ids are others', async (t) => {
  const { payments, find } = rig()
  await payments.charge(chargeOf(card('4242424242424242')))
  const tenantId = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-0000000000f1')
  t.equal(await payments.find(tenantId, 'p-1'), undefined)
  t.equal(await find('p-2'), undefined)
})

void t.test(
  'a payment that was given up before it came is refused, and one that came is not',
  async (t) => {
    const { payments, find } = rig()
    t.equal(await payments.close(SHARED_TENANT, 'p-1'), undefined)
    t.equal(await payments.close(SHARED_TENANT, 'p-1'), undefined)
    t.equal(await find(), undefined)
    const late = { kind: 'failed', code: 'not_received' }
    t.match(await payments.charge(chargeOf(card('4242424242424242'))), late)
    t.equal(await find(), undefined)
    await payments.charge({ ...chargeOf(card('4242424242424242')), paymentId: 'p-2' })
    t.strictSame(await payments.close(SHARED_TENANT, 'p-2'), await find('p-2'))
    t.match(await find('p-2'), { kind: 'succeeded' })
  },
)

void t.test('a number that is not on the list fails, and is told why', async (t) => {
  const { code, message } = TEST_NUMBERS_ONLY
  t.equal(code, 'test_numbers_only')
  t.match(message, 'moves no money')
  const unlisted = [
    card('4111111111111111'),
    card('4000000000000000', 2020),
    card('000123456789'), // an account's number is no card's
    account('4242424242424242'),
    account('1'),
  ]
  for (const [n, source] of unlisted.entries()) {
    const { payments } = rig()
    t.strictSame(await payments.charge(chargeOf(source, `p-${n}`)), {
      kind: 'failed',
      code,
      message,
    })
  }
})

void t.test('a card is good to the end of its month', async (t) => {
  const { payments, clock } = rig() // in August 2026
  let count = 0
  const outcome = async (expYear: number, expMonth: number): Promise<string> => {
    count += 1
    const charge = chargeOf(card('4242424242424242', expYear, expMonth), `p-${count}`)
    const result = await payments.charge(charge)
    return result.kind === 'failed' ? result.code : result.kind
  }
  t.equal(await outcome(2026, 7), 'expired_card')
  t.equal(await outcome(2025, 12), 'expired_card')
  t.equal(await outcome(2026, 8), 'succeeded')
  clock.advance(Date.parse('2026-08-31T23:59:59.999Z') - clock())
  t.equal(await outcome(2026, 8), 'succeeded')
  clock.advance(1)
  t.equal(await outcome(2026, 8), 'expired_card')
  clock.advance(Date.parse('2026-12-31T23:59:59.999Z') - clock())
  t.equal(await outcome(2026, 12), 'succeeded')
  clock.advance(1)
  t.equal(await outcome(2026, 12), 'expired_card')
})

void t.test('what succeeded can be given back, as often as it is asked for', async (t) => {
  const { payments, find } = rig()
  await payments.charge(chargeOf(card('4242424242424242')))
  await payments.refund(SHARED_TENANT, 'p-1')
  await payments.refund(SHARED_TENANT, 'p-1')
  t.strictSame(await find(), succeeded)
  await payments.refund(SHARED_TENANT, 'forgotten')
})

void t.test('what did not succeed cannot be given back', async (t) => {
  const { payments, clock } = rig()
  await payments.charge(chargeOf(card('4000000000000002')))
  await t.rejects(payments.refund(SHARED_TENANT, 'p-1'), /only a payment that succeeded/)
  await payments.charge(chargeOf(card('4000000000000077'), 'p-2'))
  await t.rejects(payments.refund(SHARED_TENANT, 'p-2'), /only a payment that succeeded/)
  clock.advance(SETTLE_AFTER_MS)
  await payments.refund(SHARED_TENANT, 'p-2')
})

void t.test('it remembers the newest payments only', async (t) => {
  const { payments, find } = rig(2)
  for (const id of ['p-1', 'p-2', 'p-3']) {
    await payments.charge(chargeOf(card('4242424242424242'), id))
  }
  t.equal(await find('p-1'), undefined)
  t.match(await find('p-2'), { kind: 'succeeded' })
  t.match(await find('p-3'), { kind: 'succeeded' })
})

void t.test(
  'test cards are of the brand they say, look like cards, and are listed once',
  async (t) => {
    const brands = new Set<string>()
    for (const { number, brand, result } of TEST_CARDS) {
      t.equal(brandOf(number), brand, number)
      t.equal(luhnSum(number) % 10, 0, number)
      if (result.kind === 'succeeds') brands.add(brand)
    }
    t.strictSame(
      [...brands].sort(),
      ['AMEX', 'DINERS', 'DISCOVER', 'JCB', 'MASTERCARD', 'UNIONPAY', 'VISA'],
      'and one of each brand succeeds',
    )
    t.equal(new Set(ALL.map(({ number }) => number)).size, ALL.length)
  },
)

const luhnSum = (number: string): number =>
  [...number].reverse().reduce((sum, digit, place) => {
    const twice = Number(digit) * (place % 2 === 0 ? 1 : 2)
    return sum + (twice > 9 ? twice - 9 : twice)
  }, 0)

const WORDS: Readonly<Record<SandboxResult['kind'], string>> = {
  succeeds: 'succeeds',
  fails: 'fails',
  answer_lost: 'succeeds, but its answer is lost',
  succeeds_later: 'is processing, then succeeds',
  fails_later: 'is processing, then fails',
}

void t.test('docs/payments.md lists the numbers that there are, with what they do', async (t) => {
  const page = path.resolve(import.meta.dirname, '../../docs/payments.md')
  const rows = (await readFile(page, 'utf8'))
    .split('\n')
    .filter((line) => /^\| `\d/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const code = (result: SandboxResult): string => ('code' in result ? `\`${result.code}\`` : '')
  t.strictSame(rows, [
    ...TEST_CARDS.map(({ number, brand, result }) => [
      `\`${number}\``,
      `\`${brand}\``,
      WORDS[result.kind],
      code(result),
    ]),
    ...TEST_ACCOUNTS.map(({ number, result }) => [
      `\`${number}\``,
      WORDS[result.kind],
      code(result),
    ]),
  ])
})
