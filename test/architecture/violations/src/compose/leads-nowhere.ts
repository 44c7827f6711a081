// Caught by: everything-resolves
// @ts-expect-error there is no such file
import './missing.ts'
