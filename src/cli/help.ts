// What is said after the options of the commands that operators use, and of the program itself.

/** Of the program. */
export const PROGRAM_HELP = `
Secrets come from files, from the environment or from standard input: what stands on a command line, everybody sees.

Examples:
  $ agora-tokend                                  # serve a demo project on this machine
  $ agora-tokend serve --config tokend.yaml
  $ agora-tokend build --project demo --ttl 1h --channel room-1 --uid 42 --role publisher
  $ agora-tokend inspect < token.txt

Exit codes, of which the help of each command says more:
  0   done, and if something was asked, the answer is yes
  1   the answer is no
  2   the answer is neither: not all could be checked
  64  wrong use
  65  what was given is invalid
  69  a server, a file or an address cannot be reached, read or taken
  70  the server, or this program, is at fault
  74  the output cannot be written
  77  the caller is unknown, or not permitted
  78  the configuration cannot be used`;

/** Of `serve`. */
export const SERVE_HELP = `
Examples:
  $ agora-tokend serve
  $ agora-tokend serve --port 8080
  $ agora-tokend serve --config /etc/agora-tokend/config.yaml

Exit codes:
  0   stopped, as was asked
  64  wrong use
  69  an address cannot be listened on
  70  a certificate does not sign as Agora's own code does, or this program is at fault
  78  the configuration, or what the process was started with, is invalid or unsafe`;

/** Of `check-config`. */
export const CHECK_CONFIG_HELP = `
Examples:
  $ agora-tokend check-config /etc/agora-tokend/config.yaml
  $ agora-tokend check-config config.yaml --json

Exit codes:
  0   no problems
  64  wrong use
  70  a certificate does not sign as Agora's own code does
  78  problems, all of which are printed, each with its line`;

/** Of `explain`. */
export const EXPLAIN_HELP = `
The request is carried out under the permits of the caller, and what it signs is thrown away. No server is asked.

Examples:
  $ agora-tokend explain --config tokend.yaml --caller lobby --request request.json
  $ agora-tokend explain -c tokend.yaml --caller lobby --method RenewToken --request - < renew.json

Exit codes:
  0   the caller may
  1   the caller may not, or the request is refused for another reason
  64  wrong use
  78  the configuration cannot be used`;

/** Of `api-key`. */
export const API_KEY_HELP = `
The key alone goes to standard output, and what to do with it to standard error.

Example:
  $ agora-tokend api-key lobby > lobby.key

Exit codes:
  0   printed
  64  wrong use`;
