// JSON texts, written for this suite: what RFC 8259 and the strict parser refuse, and what they accept

const lines = (text: string): readonly string[] => text.trim().split('\n');

/** Refused texts, one a line; what a line cannot hold is in `refusedTexts`. */
export const refusedLines: readonly string[] = lines(String.raw`
[1 true]
[1,]
[,1]
[1,,2]
[,]
["x"
["x",
["x"]]
[1}
[
]
[1:2]
[ 1
["" : 1]
[x
['a']
{"a":1
{"a":1,}
{"a":1,,"b":2}
{,"a":1}
{"a" 1}
{"a"::1}
{"a":}
{:1}
{a:1}
{'a':1}
{1:1}
{null:1}
{"a":1 "b":2}
{"a":"b"]
{"a":1}}
{"a":1}{"b":2}
{"a":1}#
{"a":1}//x
{"a":1}/* x */
/* x */{"a":1}
{"a":/* x */1}
{
}
{"a"
{"a":1,"a":2}
{"a":1,"a":1}
{"a":1,"b":2,"a":3}
{"a":{"b":1,"b":2}}
[{"a":1,"a":2}]
{"a":1,"\u0061":2}
{"":1,"":2}
{"__proto__":1,"__proto__":2}
"
"a
a"
'a'
"\x41"
"\a"
"\ "
"\'"
"\
"\u"
"\u00"
"\u00A"
"\u00AG"
"\u 041"
"\u+041"
"\u0x41"
"\U0041"
"\uD800"
"\uDBFF"
"\uDC00"
"\uDFFF"
"\uD800\uD800"
"\uDC00\uD800"
"\uDC00\uDC00"
"\uD800\n"
"\uD800x"
"\uD834\u0041"
"\uD834\uDD"
{"\uD800":1}
nul
nullx
Null
NULL
tru
True
truefalse
fals
False
undefined
NaN
-NaN
Infinity
-Infinity
+Infinity
inf
+1
++1
- 1
-
--1
-a
01
-01
00
-00
012
1.
-1.
.1
-.1
1.e1
1..2
1.2.3
1e
1E
1e+
1e-
1e1.5
1ee2
1e 2
0e
0e+
0x1
0b1
0o1
1_000
1,000
1 000
1a
1n
$1
１
(1)
1 2
<html>
=1
`);

/** Refused texts by name. */
export const refusedTexts: Readonly<Record<string, string>> = {
  'the empty text': '',
  'white space alone': ' \t\r\n',
  'a byte order mark': '\ufeff{"a":1}',
  'a byte order mark alone': '\ufeff',
  'a form feed as white space': '\f[]',
  'a vertical tab as white space': '[\v]',
  'a no-break space as white space': '\u00a0[]',
  'a line separator as white space': '[\u2028]',
  'a NUL after the text': '[]\u0000',
  'a NUL in a string': '"a\u0000b"',
  'a line feed in a string': '"a\nb"',
  'a tab in a string': '"a\tb"',
  'an escape character in a string': '"\u001b"',
  'a unit separator in a string': '"\u001f"',
  'an escaped line feed': '"\\\n"',
  'arrays past the depth': '['.repeat(33) + ']'.repeat(33),
  'objects past the depth': `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`,
  'arrays that never close': '['.repeat(100_000),
  'objects that never close': '{"a":'.repeat(50_000),
};

/** Accepted texts, one a line. */
export const acceptedLines: readonly string[] = lines(String.raw`
null
true
false
0
-0
-1
1
1.5
1e5
1e+5
1e-5
1.5e10
0e0
0E+1
-1e-1
1e400
-1e400
1e-400
9007199254740993
0.1000000000000000055511151231257827
""
"a"
"é"
"漢字"
"\""
"\\"
"\/"
"\b\f\n\r\t"
"\u0000"
"\u001f"
"\u0061"
"\u00E9"
"\uD834\uDD1E"
"\ud83d\ude00"
"\uFFFF"
"\uFEFF"
"\\u0061"
"\\\""
[]
[[]]
[1,2,3]
[ 1 , 2 ]
[null,true,false,"",0,{},[]]
{}
{"a":1}
{"a":1,"b":2}
{ "a" : [ 1 , { "b" : null } ] }
{"":0}
{"a":{"a":{"a":1}}}
[{"a":1},{"a":1}]
{"a":"a","A":"A"}
{"\u0061":1}
{"\\u0061":1,"a":2}
{"__proto__":{"x":1}}
{"constructor":1,"toString":2}
{"toJSON":1}
{"2":1,"1":2}
{"a":"{\"a\":1,\"a\":2}"}
{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}
`);

/** Accepted texts by name. */
export const acceptedTexts: Readonly<Record<string, string>> = {
  // Not above: Bun writes it as an escape in a raw template
  'a pair of surrogates as it is': '"😀"',
  'white space of every kind': ' \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n',
  'a DEL in a string': '"\u007f"',
  'line separators in a string': '"\u2028\u2029"',
  'arrays up to the depth': '['.repeat(32) + ']'.repeat(32),
  'objects up to the depth': `${'{"a":'.repeat(32)}1${'}'.repeat(32)}`,
  'one letter in two normal forms': '{"\u00e9":1,"e\u0301":2}',
  'many names': `{${Array.from({ length: 1000 }, (_, at) => `"n${at}":${at}`).join(',')}}`,
};

/** Refused at the top only: inside an object they end it, or are well-formed. */
export const topOnly: ReadonlySet<string> = new Set([
  '{"a":1}}',
  '1,000',
  '1 000',
  '1 2',
  ']',
  '}',
]);
