// The page's style. Its hash is in the page's policy: what is not this text is not applied.

export const STYLE = `:root { color-scheme: light dark; --line: #8884; --accent: #0a6b5c; }
@media (prefers-color-scheme: dark) { :root { --accent: #5fd0bd; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
h1, h2, h3, h4 { line-height: 1.25; }
h3, code, nav a { overflow-wrap: anywhere; }
small { opacity: .7; font-weight: normal; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
pre, .wide { overflow-x: auto; }
pre { border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; }
article { border-top: 1px solid var(--line); padding: .5rem 0 1.5rem; scroll-margin-top: 1rem; }
article:target { border-top: 3px solid var(--accent); }
table { border-collapse: collapse; min-width: 100%; font-size: .92rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; }
nav ul, ul.names { display: flex; flex-wrap: wrap; gap: .1rem 1rem; list-style: none; padding: 0; }
summary { cursor: pointer; padding: .3rem 0; }
dt { float: left; clear: left; margin-right: .6rem; }
dd { margin: 0 0 .2rem; }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 0 2.5rem; }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; align-self: start; }
  nav ul { display: block; }
}
`
