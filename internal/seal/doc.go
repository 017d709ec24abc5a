// Package seal encrypts what deskauth must be able to read back: the tokens of
// the broker's connections and the secrets of its clients.
//
//	File, Program, ──Load──▶ Ring ──Seal(plain, boundTo)──▶ column
//	Variable, Mounted         │  ◀─Open(sealed, boundTo)──
//	      ▲                   │
//	      └──Replace── WithNew, With, Only
//
// A sealed value names the key that sealed it and is bound to its place, as in
// "broker_connections/17/refresh": copied into another row or column it does
// not open. A ring seals with its primary key and opens with every key it has.
//
// The cipher is XChaCha20-Poly1305 in a Tink keyset. Its nonces of 192 bits
// may be drawn at random for ever; AES-GCM's of 96 bits would need a count of
// seals for each key, shared by all replicas.
//
// Whoever has the keys and the database has the tokens: keep their backups
// apart. Whoever loses the keys loses every connection.
package seal
