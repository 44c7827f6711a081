// Bodies as a reader of the documentation would send them.
export const EXAMPLES = {
  pet: {
    name: 'Luna',
    species: 'cat',
    breed: 'Domestic Shorthair',
    age_months: 18,
    gender: 'female',
    size: 'small',
    temperament: 'playful, affectionate',
    medical: { spayed_neutered: true, vaccinations: ['fvrcp', 'rabies'] },
    description: 'Luna loves interactive toys and windows with sun in them.',
    shelter_id: null,
    status: 'available',
    intake_date: '2025-09-01',
  },
  patch: { age_months: 19, medical: { vaccinations: ['fvrcp', 'rabies', 'felv'] } },
  shelter: {
    name: 'Harbour Street Shelter',
    address: '12 Harbour Street, Portland, ME 04101',
    phone: '+1-207-555-0142',
    email: 'hello@harbour.example.org',
    hours: 'Tue-Sun 10:00-18:00',
    adoption_fee_range: '75-200',
  },
} as const
