// What is kept of a card or account: enough to know it again, too little to use it.
import fc from 'fast-check'
import t from 'tap'
import { brandOf, shownSource, withoutNumber } from '../../src/commands/shown-source.ts'
import type { BankSource, CardSource } from '../../src/core/payments.ts'
import { shownSourceSchema } from '../../src/events/order.ts'

const RUNS = { seed: 20260822, numRuns: 2_000 }

const aCard = (some: Partial<CardSource> = {}): CardSource => ({
  object: 'card',
  name: 'Ada Byron',
  number: '4242424242424242',
  cvc: '987',
  expMonth: 12,
  expYear: 2030,
  billingAddress: null,
  ...some,
})
const anAccount = (some: Partial<BankSource> = {}): BankSource => ({
  object: 'bank_account',
  accountHolderName: 'Ada Byron',
  accountNumber: '000123456789',
  routingNumber: '110000000',
  accountType: 'CHECKING',
  bankName: null,
  ...some,
})

void t.test('a brand is known by the first digits and the length of a number', async (t) => {
  const examples = {
    VISA: ['4242424242424242', '4222222222222', '4000000000000000006'],
    MASTERCARD: ['5105105105105100', '5555555555554444', '2221000000000009', '2720990000000007'],
    AMEX: ['341111111111111', '378282246310005'],
    DISCOVER: ['6011111111111117', '6440000000000000', '6500000000000002'],
    DINERS: ['30569309025904', '36227206271667', '3056930009020004', '38520000023237'],
    JCB: ['3528000000000007', '3566002020360505', '3589000000000003'],
    UNIONPAY: ['6200000000000005', '6205500000000000004'],
  }
  for (const [brand, numbers] of Object.entries(examples)) {
    for (const number of numbers) t.equal(brandOf(number), brand, number)
  }
  for (const number of [
    '424242424242424', // a length that Visa does not have
    '5000000000000000',
    '5600000000000000',
    '2220990000000000',
    '2721000000000000',
    '3527000000000000',
    '3590000000000000',
    '6600000000000000',
    '9999999999999999',
    '',
  ]) {
    t.equal(brandOf(number), null, number)
  }
})

void t.test('a card is shown by its brand, its end and its date', async (t) => {
  const billingAddress = {
    line1: '12 Harbour Street',
    line2: 'Flat 3',
    city: 'Portland',
    state: 'ME',
    postalCode: '04101',
    country: 'US',
  }
  t.strictSame(shownSource(aCard({ billingAddress })), {
    object: 'card',
    name: 'Ada Byron',
    brand: 'VISA',
    last4: '4242',
    numberLength: 16,
    expMonth: 12,
    expYear: 2030,
    billingAddress: { city: 'Portland', state: 'ME', postalCode: '04101', country: 'US' },
  })
})

void t.test('an account is shown by its bank and its end', async (t) => {
  t.strictSame(shownSource(anAccount({ bankName: 'Harbour Bank' })), {
    object: 'bank_account',
    accountHolderName: 'Ada Byron',
    accountType: 'CHECKING',
    routingNumber: '110000000',
    bankName: 'Harbour Bank',
    last4: '6789',
    numberLength: 12,
  })
})

void t.test('of a short number four digits are always hidden', async (t) => {
  for (const [accountNumber, last4] of [
    ['1234', ''],
    ['12345', '5'],
    ['1234567', '567'],
    ['12345678', '5678'],
  ] as const) {
    t.match(shownSource(anAccount({ accountNumber })), {
      last4,
      numberLength: accountNumber.length,
    })
  }
})

void t.test('a number that was typed into a text is starred out there', async (t) => {
  const number = '4242111122223333'
  t.equal(withoutNumber('4242 1111 2222 3333', number), '**** **** **** ****')
  t.equal(withoutNumber('Ada 4242-1111 Byron', number), 'Ada ****-**** Byron')
  t.equal(
    withoutNumber('card 4242111122223333 was refused', number),
    'card **************** was refused',
  )
  t.equal(withoutNumber('4242 - 1111', number), '**** - ****')
  t.equal(withoutNumber('21111', number), '*****')
  t.equal(withoutNumber('Portland 04101, flat 4242', number), 'Portland 04101, flat 4242')
})

const digits = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...'0123456789'), { minLength, maxLength }).map((each) => each.join(''))

/** Text in which the number, or a piece of it, may stand, in groups or not. */
const textWith = (number: string) =>
  fc
    .record({
      before: fc.constantFrom('', 'Ada ', 'No. 7 ', '1'),
      from: fc.nat(number.length),
      to: fc.nat(number.length),
      group: fc.constantFrom(0, 3, 4),
      separator: fc.constantFrom(' ', '-', '.', ' - '),
      after: fc.constantFrom('', ' Byron', '9', ' 04101'),
    })
    .map(({ before, from, to, group, separator, after }) => {
      const piece = number.slice(Math.min(from, to), Math.max(from, to))
      const groups = group === 0 ? [piece] : (piece.match(new RegExp(`.{1,${group}}`, 'g')) ?? [])
      return `${before}${groups.join(separator)}${after}`
    })

const hasRunOf = (number: string, json: string): boolean =>
  Array.from({ length: Math.max(0, number.length - 4) }, (_, n) => number.slice(n, n + 5)).some(
    (run) => json.includes(run),
  )

void t.test('no more than four digits of a card number in a row are kept', async (t) => {
  const cards = digits(13, 19).chain((number) =>
    fc
      .record({ name: textWith(number), city: textWith(number), postalCode: textWith(number) })
      .map(({ name, city, postalCode }) =>
        aCard({
          name,
          number,
          cvc: number.slice(0, 3),
          billingAddress: {
            line1: number,
            line2: number,
            city,
            state: null,
            postalCode,
            country: 'US',
          },
        }),
      ),
  )
  const property = fc.property(cards, (card) => {
    const text = JSON.stringify(shownSourceSchema.parse(shownSource(card)))
    const run = text.replaceAll(/[ .-]/g, '') // nor in groups, as they are printed
    if (hasRunOf(card.number, text) || hasRunOf(card.number, run)) fail(text)
  })
  t.doesNotThrow(() => fc.assert(property, RUNS))
})

const fail = (text: string): never => {
  throw new Error(`shows a number: ${text}`)
}

void t.test('no more than four digits of an account number in a row are kept', async (t) => {
  const accounts = digits(4, 17).chain((accountNumber) =>
    fc
      .record({ accountHolderName: textWith(accountNumber), bankName: textWith(accountNumber) })
      .map((texts) => anAccount({ ...texts, accountNumber, routingNumber: '' })),
  )
  const property = fc.property(accounts, (account) => {
    const text = JSON.stringify(shownSourceSchema.parse(shownSource(account)))
    if (hasRunOf(account.accountNumber, text)) fail(text)
  })
  t.doesNotThrow(() => fc.assert(property, RUNS))
})
