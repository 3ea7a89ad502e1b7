import { defineErrors } from '../../kernel/define-errors.js'

export const keyErrors = defineErrors('keys', {
  notFound: {
    status: 404,
    message: 'There is no such key here.',
    next: 'GET /keys/v1/keys lists the keys you may see.',
  },
  scopeTooWide: {
    status: 403,
    message: (d: { scopes: readonly string[] }) =>
      `A key cannot do more than who makes or changes it: ${d.scopes.join(', ')} is more than you hold.`,
    next: 'Ask for scopes you hold yourself, or let somebody with a wider role make the key.',
  },
  beyondOwnLimits: {
    status: 403,
    message: (d: { what: string }) =>
      `A key cannot make or change keys that go beyond its own limits: ${d.what}.`,
    next: 'Give an expiry and an allow-list within those of the key you call with, or call as a person.',
  },
  unknownScope: {
    status: 422,
    message: (d: { scopes: readonly string[] }) => `There is no such scope: ${d.scopes.join(', ')}.`,
    next: 'Use the scopes listed in the API document, or a resource name of your own for your own API.',
  },
  ownerRefused: {
    status: 403,
    message: 'You may make keys for yourself only.',
    next: 'Leave out "owner", or ask an administrator of the organisation.',
  },
  ownerNotMember: {
    status: 422,
    message: 'The owner is not an active member of this organisation.',
    next: 'Invite the person first, or make a key of the organisation.',
  },
  expiryPast: {
    status: 422,
    message: 'The key would already have expired.',
    next: 'Give an expires_at in the future.',
  },
  notAlive: {
    status: 409,
    message: (d: { state: string }) => `This key is ${d.state}, and that is final.`,
    next: 'Make a new key.',
  },
  alreadyRotated: {
    status: 409,
    message: (d: { successorId: string }) =>
      `This key was rotated before; its successor is ${d.successorId}.`,
    next: 'Rotate the successor, or revoke this key to end its grace time now.',
  },
  limitReached: {
    status: 409,
    message: (d: { limit: number }) => `This organisation already has ${d.limit} living keys.`,
    next: 'Revoke keys that are no longer used.',
  },
  unknownLimit: {
    status: 422,
    message: (d: { names: readonly string[] }) => `The key has no rate limit named ${d.names.join(', ')}.`,
    next: 'Add it with PATCH /keys/v1/keys/{id}, or leave it out.',
  },
  rangeTooLong: {
    status: 422,
    message: (d: { days: number }) => `The time range is longer than ${d.days} days.`,
    next: 'Ask for less at once, or for bucket=day.',
  },
  impersonated: {
    status: 403,
    message: 'Keys cannot be made or rotated while acting as somebody else: they would outlive the session.',
    next: 'Make the key as yourself, for the organisation.',
  },
})
