// The words that demo pets, and the people who apply for them, are made of.
import type { Household } from '../events/adoption.ts'
import type { PetProfile } from '../events/pet.ts'

type Species = PetProfile['species']
type Size = NonNullable<PetProfile['size']>

export type Kind = Readonly<{
  species: Species
  weight: number // share of the animals, in percent
  breeds: readonly Readonly<{ name: string; size: Size; colors: readonly string[] }>[]
  vaccinations: readonly string[]
  oldestMonths: number
  fee: Readonly<{ low: number; high: number }> // whole dollars
}>

const breed = (name: string, size: Size, ...colors: string[]) => ({ name, size, colors })

export const KINDS: readonly Kind[] = [
  {
    species: 'DOG',
    weight: 45,
    breeds: [
      breed('Labrador Retriever', 'LARGE', 'Black', 'Yellow', 'Chocolate'),
      breed('Golden Retriever', 'LARGE', 'Golden', 'Cream'),
      breed('German Shepherd', 'LARGE', 'Black and tan', 'Sable'),
      breed('Beagle', 'MEDIUM', 'Tricolor', 'Lemon'),
      breed('Border Collie', 'MEDIUM', 'Black and white', 'Red merle'),
      breed('Pit Bull Terrier', 'MEDIUM', 'Brindle', 'Blue', 'Fawn'),
      breed('Dachshund', 'SMALL', 'Red', 'Black and tan'),
      breed('Chihuahua', 'SMALL', 'Fawn', 'White'),
      breed('Greyhound', 'LARGE', 'Grey', 'Brindle'),
      breed('Terrier Mix', 'SMALL', 'Wheaten', 'Grizzle'),
      breed('Shepherd Mix', 'LARGE', 'Sable', 'Brown'),
    ],
    vaccinations: ['dhpp', 'rabies', 'bordetella'],
    oldestMonths: 168,
    fee: { low: 95, high: 350 },
  },
  {
    species: 'CAT',
    weight: 38,
    breeds: [
      breed('Domestic Shorthair', 'SMALL', 'Tabby', 'Black', 'Tuxedo', 'Calico', 'Orange'),
      breed('Domestic Longhair', 'SMALL', 'Grey', 'Tortoiseshell', 'White'),
      breed('Maine Coon', 'MEDIUM', 'Brown tabby', 'Silver'),
      breed('Siamese', 'SMALL', 'Seal point', 'Blue point'),
      breed('Ragdoll', 'MEDIUM', 'Blue bicolor', 'Seal mitted'),
      breed('Russian Blue', 'SMALL', 'Blue'),
    ],
    vaccinations: ['fvrcp', 'rabies'],
    oldestMonths: 192,
    fee: { low: 45, high: 160 },
  },
  {
    species: 'RABBIT',
    weight: 8,
    breeds: [
      breed('Holland Lop', 'SMALL', 'Tortoise', 'Broken orange'),
      breed('Rex', 'SMALL', 'Castor', 'Otter'),
      breed('Flemish Giant', 'MEDIUM', 'Steel grey', 'Fawn'),
    ],
    vaccinations: ['rhdv2'],
    oldestMonths: 84,
    fee: { low: 25, high: 75 },
  },
  {
    species: 'BIRD',
    weight: 5,
    breeds: [
      breed('Cockatiel', 'SMALL', 'Grey', 'Lutino'),
      breed('Budgerigar', 'SMALL', 'Green', 'Blue'),
      breed('Green-cheeked Conure', 'SMALL', 'Green', 'Cinnamon'),
    ],
    vaccinations: [],
    oldestMonths: 180,
    fee: { low: 15, high: 120 },
  },
  {
    species: 'REPTILE',
    weight: 2,
    breeds: [
      breed('Leopard Gecko', 'SMALL', 'High yellow', 'Tangerine'),
      breed('Bearded Dragon', 'SMALL', 'Citrus', 'Red'),
      breed('Corn Snake', 'MEDIUM', 'Amelanistic', 'Okeetee'),
    ],
    vaccinations: [],
    oldestMonths: 120,
    fee: { low: 20, high: 90 },
  },
  {
    species: 'OTHER',
    weight: 2,
    breeds: [
      breed('Guinea Pig', 'SMALL', 'Tricolor', 'Agouti'),
      breed('Ferret', 'SMALL', 'Sable', 'Albino'),
    ],
    vaccinations: [],
    oldestMonths: 60,
    fee: { low: 20, high: 80 },
  },
]

export const NAMES = {
  FEMALE: [
    'Luna',
    'Bella',
    'Daisy',
    'Nala',
    'Cleo',
    'Hazel',
    'Willow',
    'Olive',
    'Poppy',
    'Ruby',
    'Stella',
    'Maple',
    'Pepper',
    'Juniper',
    'Mabel',
    'Penny',
    'Rosie',
    'Ginger',
    'Fern',
    'Dolly',
    'Ivy',
    'Clementine',
    'Biscuit',
    'Nova',
    'Piper',
  ],
  MALE: [
    'Max',
    'Charlie',
    'Cooper',
    'Milo',
    'Oliver',
    'Rocky',
    'Bear',
    'Otis',
    'Finn',
    'Jasper',
    'Archie',
    'Rusty',
    'Gus',
    'Theo',
    'Ziggy',
    'Simba',
    'Moose',
    'Felix',
    'Hank',
    'Chester',
    'Louie',
    'Basil',
    'Atlas',
    'Oscar',
    'Waffles',
  ],
} as const

export const TEMPERAMENTS = [
  'playful, affectionate',
  'calm, gentle',
  'curious, independent',
  'energetic, eager to learn',
  'shy at first, then loyal',
  'easygoing, social',
  'talkative, people-oriented',
  'quiet, likes a routine',
  'confident, adventurous',
  'sweet, a bit clumsy',
] as const

export const STORIES = [
  'loves sunny windows and a soft blanket',
  'greets everybody at the door and walks well on a leash',
  'was found near the harbour and has settled in quickly',
  'came in when a family moved away and misses company',
  'would do best in a quiet home with patient people',
  'enjoys long walks, puzzles and belly rubs',
  'grew up with other animals and likes to share a couch',
  'needs a little time, and then never leaves your side',
  'is clever, food-motivated and learns a trick in a day',
  'likes toys that squeak and naps that last',
] as const

export const SITES = [
  {
    name: 'Harbour Street Shelter',
    address: '12 Harbour Street, Portland, ME 04101',
    phone: '+1-207-555-0142',
    email: 'hello@harbour.example.org',
    hours: 'Tue-Sun 10:00-18:00',
    adoptionFeeRange: '75-200',
  },
  {
    name: 'Pine Hill Animal Care',
    address: '480 Pine Hill Road, Concord, NH 03301',
    phone: '+1-603-555-0118',
    email: 'care@pinehill.example.org',
    hours: 'Mon-Sat 11:00-19:00',
    adoptionFeeRange: '50-350',
  },
  {
    name: 'Riverside Rescue',
    address: '7 Mill Lane, Burlington, VT 05401',
    phone: '+1-802-555-0163',
    email: 'team@riverside.example.org',
    hours: 'daily 12:00-18:00',
    adoptionFeeRange: '45-250',
  },
  {
    name: 'Old Orchard Humane Society',
    address: '233 Orchard Avenue, Salem, MA 01970',
    phone: '+1-978-555-0127',
    email: 'info@oldorchard.example.org',
    hours: 'Wed-Sun 10:00-17:00',
    adoptionFeeRange: '60-300',
  },
] as const

export type Applicant = Readonly<{
  firstName: string
  lastName: string
  message: string
  household: Household
}>

export const APPLICANTS: readonly Applicant[] = [
  {
    firstName: 'Grace',
    lastName: 'Miller',
    message: 'We have a quiet home, a fenced garden and time for long walks.',
    household: { homeType: 'HOUSE', adults: 2, children: 1, otherPets: null, hasYard: true },
  },
  {
    firstName: 'Samuel',
    lastName: 'Ortiz',
    message: 'I work from home and would like company again.',
    household: { homeType: 'APARTMENT', adults: 1, children: 0, otherPets: null, hasYard: false },
  },
  {
    firstName: 'Noor',
    lastName: 'Haddad',
    message: 'Our children have been saving up for this for a year.',
    household: {
      homeType: 'HOUSE',
      adults: 2,
      children: 3,
      otherPets: 'an old cat',
      hasYard: true,
    },
  },
  {
    firstName: 'Henrik',
    lastName: 'Lund',
    message: 'There is plenty of room here, and somebody is always around.',
    household: { homeType: 'FARM', adults: 3, children: 0, otherPets: 'two dogs', hasYard: true },
  },
  {
    firstName: 'Mei',
    lastName: 'Tanaka',
    message: 'We met at the open day and have not stopped talking about it.',
    household: { homeType: 'APARTMENT', adults: 2, children: 0, otherPets: null, hasYard: false },
  },
]
