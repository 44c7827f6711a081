// Caught by: no-undeclared-packages
import 'fast-check'
