// What the published documents say of the routes of shelters.
import type { RouteDoc } from '../route-doc.ts'

export const shelterDocs = {
  list: {
    summary: 'List shelters',
    description:
      'As they were registered. `cursor=` (empty at first) pages without gaps: also while others are removed.',
    security: 'optional',
    headers: ['ETag', 'Event-Cursor', 'Link'],
  },
  get: { summary: 'One shelter', security: 'optional', headers: ['ETag', 'Event-Cursor'] },
  register: {
    summary: 'Register a shelter',
    security: ['write:pets'],
    headers: ['ETag'],
    examples: {
      harbor: {
        name: 'Harbor Street Shelter',
        phone: '+1-207-555-0142',
        adoptionFeeRange: '75-200',
      },
    },
  },
  replace: {
    summary: 'Replace what is known of a shelter',
    security: ['write:pets'],
    headers: ['ETag'],
    examples: { harbor: { name: 'Harbor Street Shelter', hours: '10-17' } },
  },
  patch: {
    summary: 'Change some of what is known of a shelter',
    security: ['write:pets'],
    headers: ['ETag'],
    examples: { hours: { hours: '9-16' } },
  },
  remove: {
    summary: 'Remove a shelter',
    description:
      'Its events stay in the log, and so does its id in the records of pets that have left care. Refused with ' +
      '`shelter_has_pets` while any pet in care is assigned to it.',
    security: ['write:pets'],
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
