// Caught by: assemble-uses-no-package
import 'zod'
