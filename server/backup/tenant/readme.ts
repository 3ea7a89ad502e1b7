/** What a person finds in an archive that they open. */
export function readmeOf(slug: string): string {
  return `This is all that a VetrAI installation held of the organisation "${slug}" at one moment.

data/TABLE.NNNN.jsonl    rows of each table; every line is one row as JSON (RFC 8259), in UTF-8
people/users.*.jsonl     the people of the organisation; sessions and access_tokens beside it are where they signed in
objects/                 files, under their names
manifest.json            what there is: rows and SHA-256 of each table; written last

Times are ISO 8601, bytes begin with \\x and are hexadecimal. Passwords, second factors and hashes that let somebody in
are not here. "$secrets" in a row has values that the installation keeps encrypted, in base64; they are here only if this
archive was encrypted. "$json_null" names columns that hold JSON's null rather than nothing.

Import it into a VetrAI installation with: vetrai tenants import FILE
`
}
