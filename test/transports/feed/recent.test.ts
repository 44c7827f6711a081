// What is remembered of what was made lately.
import t from 'tap'
import { createRecent } from '../../../src/transports/feed/recent.ts'

t.test('so much is remembered and no more: the oldest is forgotten', async (t) => {
  const recent = createRecent<number>(2)
  recent.put('a', 1)
  recent.put('b', 2)
  t.strictSame(['a', 'b'].map(recent.get), [1, 2])
  recent.put('c', 3)
  t.strictSame(['a', 'b', 'c'].map(recent.get), [undefined, 2, 3])
})
