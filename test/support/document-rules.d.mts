// The part that we read of what the tools in document-rules.mjs answer.
type Problem = Readonly<{
  ruleId: string
  message: string
  location: readonly Readonly<{ pointer?: string }>[]
}>
type Diagnostic = Readonly<{
  code: string | number
  severity: number
  message: string
  path: readonly (string | number)[]
}>

export declare const lintOpenApi: (source: string) => Promise<readonly Problem[]>
export declare const parseAsyncApi: (source: string) => Promise<readonly Diagnostic[]>
