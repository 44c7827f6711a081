// What the published documents say of the routes of adoptions.
import type { RouteDoc } from '../route-doc.ts'

const READ = ['read:adoptions'] as const
const WRITE = ['write:adoptions'] as const
const STAFF = ['write:adoptions', 'write:pets'] as const

const step = (summary: string, description: string): RouteDoc => ({
  summary,
  description,
  security: STAFF,
  problems: [409, 412],
  headers: ['ETag'],
  examples: { why: { reason: 'References were checked' } },
})

export const adoptionDocs = {
  list: {
    summary: 'List applications for adoption, newest first',
    description:
      'Staff see all and may filter by `applicantId`; everybody else sees his own. `cursor=` ' +
      '(empty at first) pages without gaps.',
    security: READ,
    headers: ['ETag', 'Event-Cursor', 'Link'],
  },
  submit: {
    summary: 'Apply to adopt a pet',
    description:
      'Reserves the pet. Where it is taken the answer is 409 `pet_not_available`; with a waiting ' +
      'list the application is accepted and waits (`waiting`). `applicantId` may be left out by ' +
      'the applicant; staff name somebody else with it.',
    security: WRITE,
    problems: [404, 409],
    headers: ['ETag'],
    examples: {
      letter: {
        petId: '0199f3a0-7c1e-7a01-8000-0000000000e1',
        message: 'We have a quiet home and a big garden.',
        household: { homeType: 'HOUSE', adults: 2, children: 1, hasYard: true },
      },
    },
  },
  get: {
    summary: 'One application for adoption',
    security: READ,
    headers: ['ETag', 'Event-Cursor'],
  },
  patch: {
    summary: 'Bring an application into another status',
    description:
      'The same as the steps `review`, `approve`, `reject`, `withdraw` and `complete`. All but ' +
      'WITHDRAWN are for staff.',
    security: WRITE,
    problems: [409, 412],
    headers: ['ETag'],
    examples: { review: { status: 'UNDER_REVIEW' } },
  },
  review: step('Look into an application', 'From SUBMITTED, also while it waits.'),
  approve: step('Approve an application', 'From UNDER_REVIEW, and not while it waits.'),
  reject: step(
    'Reject an application',
    'Before it is COMPLETED. Gives the pet to the next in line.',
  ),
  withdraw: {
    summary: 'Withdraw an application',
    description: 'Before it is COMPLETED. Gives the pet to the next in line.',
    security: WRITE,
    problems: [409, 412],
    headers: ['ETag'],
    examples: { why: { reason: 'We are moving abroad' } },
  },
  complete: {
    summary: 'The pet goes home',
    description: 'From APPROVED. The pet becomes ADOPTED. `date` is today unless it is said.',
    security: STAFF,
    problems: [409, 412],
    headers: ['ETag'],
    examples: { day: { date: '2026-09-01' } },
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
