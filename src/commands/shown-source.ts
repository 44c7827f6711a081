// What may be kept of a card or bank account: its brand, its end and how long it was. The number
// itself stops here, also when somebody typed it into another field.
import type { BankSource, CardSource, PaymentSource } from '../core/payments.ts'
import type { ShownSource } from '../events/order.ts'

export type CardBrand = NonNullable<Extract<ShownSource, { object: 'card' }>['brand']>

// By the ranges that issuers are given, and the lengths in use.
const BRANDS: readonly (readonly [CardBrand, RegExp])[] = [
  ['VISA', /^4(\d{12}|\d{15}|\d{18})$/],
  ['MASTERCARD', /^(?=\d{16}$)(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/],
  ['AMEX', /^3[47]\d{13}$/],
  ['DISCOVER', /^(?=\d{16,19}$)(6011|64[4-9]|65)/],
  ['DINERS', /^(?=\d{14,19}$)(30[0-5]|3095|3[689])/],
  ['JCB', /^(?=\d{16,19}$)35(2[89]|[3-8])/],
  ['UNIONPAY', /^(?=\d{16,19}$)62/],
]

/** Null when no brand gives out such a number. */
export const brandOf = (number: string): CardBrand | null =>
  BRANDS.find(([, pattern]) => pattern.test(number))?.[0] ?? null

export const shownSource = (source: PaymentSource): ShownSource =>
  source.object === 'card' ? shownCard(source) : shownAccount(source)

const shownCard = (card: CardSource): ShownSource => {
  const { number, expMonth, expYear, billingAddress: address } = card
  const hide = (text: string): string => withoutNumber(text, number)
  const hideOr = (text: string | null): string | null => (text === null ? null : hide(text))
  return {
    object: 'card',
    name: hide(card.name),
    brand: brandOf(number),
    ...endOf(number),
    expMonth,
    expYear,
    billingAddress: address && {
      city: hideOr(address.city),
      state: hideOr(address.state),
      postalCode: hideOr(address.postalCode),
      country: hideOr(address.country),
    },
  }
}

const shownAccount = (account: BankSource): ShownSource => {
  const { accountNumber, accountType, routingNumber, bankName } = account
  return {
    object: 'bank_account',
    accountHolderName: withoutNumber(account.accountHolderName, accountNumber),
    accountType,
    routingNumber, // names the bank, not the account
    bankName: bankName === null ? null : withoutNumber(bankName, accountNumber),
    ...endOf(accountNumber),
  }
}

const MAX_SHOWN_DIGITS = 4

/** Four digits, and fewer of a number so short that four would give it away. */
const endOf = (number: string): Readonly<{ last4: string; numberLength: number }> => {
  const shown = Math.max(0, Math.min(MAX_SHOWN_DIGITS, number.length - MAX_SHOWN_DIGITS))
  return { last4: number.slice(number.length - shown), numberLength: number.length }
}

// Digits, alone or in groups as they are printed on a card.
const DIGITS = /\d(?:[^\p{L}\p{N}]{0,3}\d)+/gu

/** Stars for every run of digits that shares more than four in a row with the number. */
export const withoutNumber = (text: string, number: string): string =>
  text.replace(DIGITS, (run) =>
    sharesRun(run.replaceAll(/\D/g, ''), number) ? run.replaceAll(/\d/g, '*') : run,
  )

const sharesRun = (digits: string, number: string): boolean => {
  const length = MAX_SHOWN_DIGITS + 1
  for (let start = 0; start + length <= digits.length; start += 1) {
    if (number.includes(digits.slice(start, start + length))) return true
  }
  return false
}
