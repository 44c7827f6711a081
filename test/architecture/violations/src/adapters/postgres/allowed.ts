// Nothing here may be caught: an adapter's own driver, Node itself and core.
import 'node:fs'
import 'pg'
import '../../core/word.ts'
import './store.ts'
