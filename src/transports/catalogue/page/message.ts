// One message of the document as a section of the page: what it is, a table of its members, and its samples.
import type { JsonObject } from '../../../core/json.ts'
import type { AsyncApiDocument, Message } from '../asyncapi/types.ts'
import { type Field, fieldsOf } from './fields.ts'
import { anchorOf, type Html, markup, prose } from './html.ts'

type Components = AsyncApiDocument['components']

export const messageSection = (name: string, { messages, schemas }: Components): Html => {
  const message = messages[name]
  if (message === undefined) return markup``
  return markup`<article id="${anchorOf('message', name)}">
    <h3><code>${message.title}</code></h3>
    <p>${prose(message.summary)} <small>${message.contentType}</small></p>
    ${
      message.headers === undefined
        ? undefined
        : markup`<h4>Headers</h4>
            ${table(fieldsOf(message.headers, (key) => schemas[key]))}`
    }
    ${schemas[`${name}.data`] === undefined ? payloadTable(message, schemas) : dataTable(name, message, schemas)}
    ${message.examples.map(
      (example) =>
        markup`<details>
          <summary>Sample: ${example.summary ?? example.name}</summary>
          <pre>${JSON.stringify(example.payload, undefined, 2)}</pre>
        </details> `,
    )}
  </article> `
}

const payloadTable = ({ payload }: Message, schemas: Components['schemas']): Html => {
  const isAnyEvent = 'oneOf' in payload
  if (isAnyEvent) return markup`<p>Any of the events.</p>`
  // Below \`e\` there is any of the events: each has a section of its own.
  const fields = fieldsOf(payload, (key) => schemas[key]).filter(({ path }) => !/^e\./.test(path))
  return markup`<h4>Members</h4>
    ${table(fields)}`
}

const dataTable = (name: string, message: Message, schemas: Components['schemas']): Html => {
  const resolve = (key: string): JsonObject | undefined => schemas[key]
  const fields = fieldsOf(schemas[`${name}.data`] ?? {}, resolve)
  const isSeen = message.examples.some((example) => example.name === 'public')
  const shown = schemas[`${name}.public`] ?? schemas[`${name}.data`] ?? {}
  const seen = new Set(isSeen ? fieldsOf(shown, resolve).map(({ path }) => path) : [])
  const personal = message['x-personal'] ?? []
  const rows = fields.map(
    (field) =>
      markup`<tr>
        ${cells(field)}
        <td>${seen.has(field.path) ? 'yes' : ''}</td>
        <td>${isPersonal(field, personal) ? 'yes' : ''}</td>
      </tr> `,
  )
  const head = markup`<th>Public</th>
    <th>Personal</th>`
  return markup`<h4>Members of <code>data</code></h4>
    ${isSeen ? undefined : markup`<p>The public does not learn of it.</p>`} ${framed(head, rows)}`
}

const isPersonal = ({ path }: Field, personal: readonly string[]): boolean =>
  personal.some(
    (each) => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}[`),
  )

const table = (fields: readonly Field[]): Html =>
  framed(
    markup`<th>Meaning</th>`,
    fields.map(
      (field) =>
        markup`<tr>
          ${cells(field)}
          <td>${prose(field.description)}</td>
        </tr> `,
    ),
  )

const framed = (head: Html, rows: readonly Html[]): Html =>
  markup`<div class="wide">
    <table>
      <thead>
        <tr>
          <th>Member</th>
          <th>Type</th>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`

const cells = ({ path, type, isRequired }: Field): Html =>
  markup`<td><code>${path}</code></td>
    <td>${type}${isRequired ? '' : markup` <small>optional</small>`}</td>`
