// Where our parser reads something else than the grammar says, as rules of our own (ABNF) that replace or
// extend published ones, each with its reason. What is neither here nor in `exceptions.ts` is read as published.

const canonical = (
  'concat contains endswith indexof length matchesPattern startswith substring tolower toupper trim year month day ' +
  'hour minute second fractionalseconds totalseconds date time totaloffsetminutes mindatetime maxdatetime now round ' +
  'floor ceiling geo.distance geo.length geo.intersects hassubset hassubsequence isdefined'
).split(' ')

/** Before a parenthesis these words are no names of a model: at the beginning of a path, and later in it. */
export const reserved = {
  calledName: [...canonical, 'case', 'cast', 'isof', 'any', 'all'],
  calledStep: ['any', 'all', 'aggregate'],
}

/** Names are resolved after parsing, so what a name is, and what may follow it, is no matter of syntax here. */
const unresolved = `
name = [ namespace "." ] odataIdentifier

; Any name can follow any; keys, parameters and arguments look alike, with white space allowed around each.
; In expressions, keys stand in parentheses: as a segment, a key could not be told from a property.
firstMemberExpr = pathBegin steps
pathBegin       = name / calledName arguments [ arguments ] / annotationInQuery / inscopeVariableExpr / %s"$these"
rootExpr        = %s"$root" "/" step steps
steps           = *( "/" step )
step            = name
                / calledStep arguments [ arguments ]
                / annotationInQuery
                / anyExpr
                / allExpr
                / %s"$count" [ OPEN expandCountOption *( SEMI expandCountOption ) CLOSE ]
                / %s"$filter" OPEN BWS boolCommonExpr BWS CLOSE
                / %s"aggregate" OPEN BWS aggregateFunctionExpr BWS CLOSE
calledName      = name
calledStep      = name
arguments       = OPEN BWS [ argument *( BWS COMMA BWS argument ) ] BWS CLOSE
argument        = odataIdentifier EQ ( parameterAlias / parameterValue )
                / parameterAlias
                / primitiveLiteral
functionExpr    = calledName arguments steps
keyPredicate    = arguments

; Keys and parameters in a resource path: literals of any type, and nothing that would be a second spelling.
simpleKey    = OPEN ( parameterAlias / primitiveLiteral ) CLOSE
compoundKey  = OPEN BWS [ keyValuePair *( BWS COMMA BWS keyValuePair ) ] BWS CLOSE
keyValuePair = odataIdentifier EQ ( parameterAlias / primitiveLiteral )

; How many arguments a canonical function takes.
methodCallExpr = canonicalName OPEN BWS [ commonExpr BWS *( COMMA BWS commonExpr BWS ) ] CLOSE
               / caseMethodCallExpr
canonicalName  = ${canonical.map((word) => `"${word}"`).join(' / ')}
optionallyQualifiedTypeName = name / %s"Collection(" name CLOSE

; Paths of $select, $expand and $apply.
pathStep   = name / annotationInQuery
selectItem = STAR
           / allOperationsInSchema
           / pathStep [ "/" selectItem
                      / OPEN selectOption *( SEMI selectOption ) CLOSE
                      / OPEN parameterNames CLOSE
                      ]
expandItem = "$value" / expandPath
expandPath = STAR [ ref / OPEN levels *( SEMI levels ) CLOSE ]
           / pathStep [ "/" expandPath
                      / ref   [ OPEN expandRefOption   *( SEMI expandRefOption   ) CLOSE ]
                      / count [ OPEN expandCountOption *( SEMI expandCountOption ) CLOSE ]
                      / OPEN expandOption *( SEMI expandOption ) CLOSE
                      ]
groupingProperty = *( name "/" ) odataIdentifier
joinProperty     = pathStep *( "/" pathStep )
aggregateMethod  =/ odataIdentifier
nonprimAggMethod =/ odataIdentifier
aggregateCount   =/ ( pathBegin / %s"$root" ) steps %s"/$count"
                    [ OPEN expandCountOption *( SEMI expandCountOption ) CLOSE ]
customFunction   = namespace "." odataIdentifier arguments

; How many levels a rollup needs.
rollupLevels = %s"rollup" OPEN BWS groupingProperty *( BWS COMMA BWS groupingProperty ) BWS CLOSE
`

const notRead = `
; Not offered (501): of these transformations only the parentheses are read, and of shapes their quotes.
skipped     = OPEN *( skippedText / skipped / stringLiteral ) CLOSE
skippedText = %x01-26 / %x2A-10FFFF
nestTrafo        = ( %s"nest" / %s"addnested" ) skipped
ancestorsTrafo   = %s"ancestors" skipped
descendantsTrafo = %s"descendants" skipped
traverseTrafo    = %s"traverse" skipped
rollupRecursive  = %s"rolluprecursive" skipped
primitiveLiteral =/ ( geographyPrefix / geometryPrefix ) SQUOTE "SRID=" 1*5DIGIT ";"
                    1*( ALPHA / DIGIT / "_" ) "(" *pchar-no-SQUOTE SQUOTE
`

const spelling = `
; White space may surround the commas of a list; before an array or object it belongs to what stands before.
orderby = ( "$orderby" / "orderby" ) EQ BWS orderbyItem *( BWS COMMA BWS orderbyItem )
compute = ( "$compute" / "compute" ) EQ BWS computeItem *( BWS COMMA BWS computeItem )
select = ( "$select" / "select" ) EQ BWS selectItem  *( BWS COMMA BWS selectItem )
expand = ( "$expand" / "expand" ) EQ BWS expandItem  *( BWS COMMA BWS expandItem )
orderbyTrafo = %s"orderby" OPEN BWS orderbyItem *( BWS COMMA BWS orderbyItem ) BWS CLOSE
begin-array  = "[" BWS
begin-object = "{" BWS

; Bits that fill up the last character of base64 are ignored, whatever they are.
base64b16 = 3base64char [ "=" ]
base64b8  = 2base64char [ "==" ]

; No store has leap seconds.
second = zeroToFiftyNine

; The published rule says that it is an approximation: P and T alone are no durations (XML Schema 1.1).
durationValue   = [ "-" ] "P" ( 1*DIGIT "D" [ "T" durationTime ] / "T" durationTime )
durationTime    = 1*DIGIT "H" [ 1*DIGIT "M" ] [ durationSeconds ]
                / 1*DIGIT "M" [ durationSeconds ]
                / durationSeconds
durationSeconds = 1*DIGIT [ "." 1*DIGIT ] "S"
`

export const amendments = unresolved + notRead + spelling
