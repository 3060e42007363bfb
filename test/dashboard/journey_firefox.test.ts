// An operator's day with the page in firefox

import { defineJourney } from '../support/dashboard/journey.ts';

defineJourney('firefox');
