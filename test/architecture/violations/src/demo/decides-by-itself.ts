// Caught by: demo-uses-the-application
import '../commands/intent.ts'
