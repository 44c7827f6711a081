// The numbers that the sandbox knows, as data: docs/payments.md lists the same, and a test compares the two.

export type SandboxResult =
  | Readonly<{ kind: 'succeeds' | 'succeeds_later' | 'answer_lost' }> // answer_lost: it succeeds, and the call throws
  | Readonly<{ kind: 'fails' | 'fails_later'; code: string; message: string }>

export type TestCard = Readonly<{ number: string; brand: string; result: SandboxResult }>
export type TestAccount = Readonly<{ number: string; result: SandboxResult }>

const succeeds = { kind: 'succeeds' } as const
const succeedsLater = { kind: 'succeeds_later' } as const
const answerLost = { kind: 'answer_lost' } as const

export const EXPIRED_CARD = {
  kind: 'fails',
  code: 'expired_card',
  message: 'The card has expired.',
} as const

export const TEST_NUMBERS_ONLY = {
  kind: 'fails',
  code: 'test_numbers_only',
  message: 'The sandbox moves no money and takes only the documented test numbers.',
} as const

const cardDeclined = { code: 'card_declined', message: 'The card was declined.' } as const
const insufficientFunds = {
  code: 'insufficient_funds',
  message: 'There is not enough money for this payment.',
} as const

export const TEST_CARDS: readonly TestCard[] = [
  { number: '4242424242424242', brand: 'VISA', result: succeeds },
  { number: '5555555555554444', brand: 'MASTERCARD', result: succeeds },
  { number: '2223003122003222', brand: 'MASTERCARD', result: succeeds },
  { number: '378282246310005', brand: 'AMEX', result: succeeds },
  { number: '6011111111111117', brand: 'DISCOVER', result: succeeds },
  { number: '3056930009020004', brand: 'DINERS', result: succeeds },
  { number: '3566002020360505', brand: 'JCB', result: succeeds },
  { number: '6200000000000005', brand: 'UNIONPAY', result: succeeds },
  { number: '4000000000000002', brand: 'VISA', result: { kind: 'fails', ...cardDeclined } },
  { number: '4000000000009995', brand: 'VISA', result: { kind: 'fails', ...insufficientFunds } },
  { number: '4000000000000069', brand: 'VISA', result: EXPIRED_CARD },
  {
    number: '4000000000000127',
    brand: 'VISA',
    result: { kind: 'fails', code: 'incorrect_cvc', message: 'The security code is wrong.' },
  },
  { number: '4000000000000119', brand: 'VISA', result: answerLost },
  { number: '4000000000000077', brand: 'VISA', result: succeedsLater },
  { number: '4000000000000341', brand: 'VISA', result: { kind: 'fails_later', ...cardDeclined } },
]

export const TEST_ACCOUNTS: readonly TestAccount[] = [
  { number: '000123456789', result: succeeds },
  {
    number: '000111111113',
    result: { kind: 'fails', code: 'account_closed', message: 'The account is closed.' },
  },
  {
    number: '000111111116',
    result: { kind: 'fails', code: 'no_account', message: 'There is no such account.' },
  },
  { number: '000222222227', result: { kind: 'fails', ...insufficientFunds } },
  { number: '000555555559', result: answerLost },
  { number: '000666666661', result: succeedsLater },
  { number: '000777777771', result: { kind: 'fails_later', ...insufficientFunds } },
]
