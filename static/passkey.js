// Passkeys: asks the server for a challenge, lets the device sign it, shows the server the signature. Nothing else.
'use strict'

const decode = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), sign => sign.charCodeAt(0))
const encode = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')

/** POST JSON; the answer's JSON. Throws an Error with the server's own words. */
async function post(path, form, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'X-Form-Token': form},
    body: JSON.stringify(body),
  })
  const told = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Error(told.detail || 'That did not work. Load the page again and repeat it.')
  return told
}

async function signIn(box) {
  const options = await post('/passkeys/sign-in/options', box.dataset.form, {})
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      allowCredentials: [],
    },
  })
  const {response} = credential
  return post('/passkeys/sign-in', box.dataset.form, {
    next: box.dataset.next,
    credential: {
      id: credential.id,
      rawId: encode(credential.rawId),
      type: credential.type,
      response: {
        clientDataJSON: encode(response.clientDataJSON),
        authenticatorData: encode(response.authenticatorData),
        signature: encode(response.signature),
        userHandle: response.userHandle ? encode(response.userHandle) : null,
      },
    },
  })
}

/** With an account that is there, or, at the first set-up, with the one that the fields around `box` tell of. */
async function add(box) {
  const given = Object.fromEntries(new FormData(box.closest('form')))
  const at = box.dataset.at || '/passkeys'
  const options = await post(at + '/options', box.dataset.form, given)
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      user: {...options.user, id: decode(options.user.id)},
      excludeCredentials: (options.excludeCredentials || []).map(known => ({...known, id: decode(known.id)})),
    },
  })
  return post(at, box.dataset.form, {
    ...given,
    user: options.user.id,
    credential: {
      id: credential.id,
      rawId: encode(credential.rawId),
      type: credential.type,
      response: {
        clientDataJSON: encode(credential.response.clientDataJSON),
        attestationObject: encode(credential.response.attestationObject),
      },
    },
  })
}

/** What the device's refusals mean; the server's words are taken as they are. */
function worded(error) {
  if (error.name === 'NotAllowedError') return 'The device did not do it: it was cancelled, took too long, or has no passkey for this site.'
  if (error.name === 'InvalidStateError') return 'This device has a passkey for this account already.'
  if (error.name === 'SecurityError') return 'Passkeys cannot be used at this address.'
  return error.message
}

for (const box of document.querySelectorAll('[data-passkey]')) {
  if (!window.PublicKeyCredential) continue
  const button = box.querySelector('[data-passkey-button]')
  const trouble = box.querySelector('[data-passkey-trouble]')
  const act = box.dataset.passkey === 'sign-in' ? signIn : add
  box.hidden = false
  box.addEventListener(box instanceof HTMLFormElement ? 'submit' : 'click', async event => {
    if (event.type === 'click' && event.target !== button) return
    event.preventDefault()
    button.disabled = true
    trouble.hidden = true
    try {
      const {next} = await act(box)
      const same = new URL(next, location.href)
      if (same.pathname === location.pathname && same.search === location.search) location.reload()
      else location.assign(next)
    } catch (error) {
      trouble.textContent = worded(error)
      trouble.hidden = false
      button.disabled = false
    }
  })
}
