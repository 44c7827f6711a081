// Caught by: http-does-not-push
import '../feed/engine.ts'
