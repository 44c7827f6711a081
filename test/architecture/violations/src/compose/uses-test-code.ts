// Caught by: no-test-code-in-src
import '../../test/fixture.ts'
