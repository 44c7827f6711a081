// Amounts are decimal text and never become floating point numbers.

/**
 * `400`, `400.5` and `0400.50` as `400.00`, `400.50` and `400.50`. The text is an amount as
 * `moneySchema` has it.
 */
export const normaliseMoney = (amount: string): string => {
  const [whole = '', fraction = ''] = amount.split('.')
  return `${whole.replace(/^0+(?=\d)/, '')}.${fraction.padEnd(2, '0')}`
}
