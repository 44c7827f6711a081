// Which addresses are counted as one caller.
import fc from 'fast-check'
import t from 'tap'
import { networkOf } from '../../../src/transports/http/network.ts'

t.test('an IPv4 address stands for itself, in IPv6 form too', (t) => {
  t.equal(networkOf('192.0.2.1'), '192.0.2.1')
  t.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(networkOf(''), '')
  t.equal(networkOf('user:0199'), 'user:0199', 'nor is the name of a principal touched')
  t.end()
})

const group = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16))
const groups = fc.array(group, { minLength: 4, maxLength: 4 })

t.test('IPv6 addresses are one by the first half of their bits, and by nothing else', (t) => {
  fc.assert(
    fc.property(groups, groups, groups, (network, host, other) => {
      const one = networkOf([...network, ...host].join(':'))
      t.equal(one, networkOf([...network, ...other].join(':')))
      t.equal(one, networkOf([...network, ...host].join(':').toUpperCase()))
      t.equal(one, networkOf(`${network.join(':')}::1%eth0`))
      t.equal(networkOf(one), one, 'a network is its own')
      const isOther = other.join(':') !== network.join(':')
      t.equal(one !== networkOf([...other, ...host].join(':')), isOther)
    }),
  )
  t.end()
})
