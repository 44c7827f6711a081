// What others say about our documents. Plain JavaScript with types of our own beside it: the types of these packages
// cost the compiler more than any file of ours.

/** Faults that Redocly's recommended rules find in an OpenAPI document. */
export const lintOpenApi = async (source) => {
  const { createConfig, lintFromString } = await import('@redocly/openapi-core')
  const config = await createConfig({ extends: ['recommended'] })
  return lintFromString({ source, absoluteRef: 'openapi.json', config })
}

/** What the parser of the AsyncAPI initiative has to say about a document. */
export const parseAsyncApi = async (source) => {
  const { Parser } = await import('@asyncapi/parser')
  return (await new Parser().parse(source)).diagnostics
}
