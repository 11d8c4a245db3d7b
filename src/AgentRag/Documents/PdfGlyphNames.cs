using System.Collections.Frozen;
using System.Globalization;

namespace AgentRag.Documents;

/// <summary>The text behind the glyph names of Western fonts.</summary>
/// <remarks>The names of the Adobe Glyph List that Latin text needs; the list itself has 4,281, mostly of scripts whose fonts carry a character map.</remarks>
internal static class PdfGlyphNames
{
    private static readonly FrozenDictionary<string, string> Names = Make();

    /// <summary>The text of a glyph, or null when the name says nothing.</summary>
    public static string? Text(string name)
    {
        var plain = name.Split('.')[0]; // "a.sc" is an a in small capitals
        if (plain.Length == 1)
        {
            return plain;
        }

        if (Names.TryGetValue(plain, out var text))
        {
            return text;
        }

        var digits = plain.StartsWith("uni", StringComparison.Ordinal) ? plain.AsSpan(3) : plain.StartsWith('u') ? plain.AsSpan(1) : default;
        return digits.Length is >= 4 and <= 6
            && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            && code is > 0 and < 0x110000 and not (>= 0xD800 and < 0xE000)
            ? char.ConvertFromUtf32(code)
            : null;
    }

    private static FrozenDictionary<string, string> Make()
    {
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        const string Symbols =
            "space  |exclam !|quotedbl \"|numbersign #|dollar $|percent %|ampersand &|quotesingle '|parenleft (|parenright )|asterisk *|plus +|comma ,|hyphen -|"
            + "period .|slash /|zero 0|one 1|two 2|three 3|four 4|five 5|six 6|seven 7|eight 8|nine 9|colon :|semicolon ;|less <|equal =|greater >|question ?|"
            + "at @|bracketleft [|backslash \\|bracketright ]|asciicircum ^|underscore _|grave `|braceleft {|braceright }|asciitilde ~|quoteleft ‘|quoteright ’|"
            + "quotedblleft “|quotedblright ”|quotesinglbase ‚|quotedblbase „|endash –|emdash —|bullet •|ellipsis …|dagger †|daggerdbl ‡|perthousand ‰|"
            + "guilsinglleft ‹|guilsinglright ›|guillemotleft «|guillemotright »|trademark ™|copyright ©|registered ®|degree °|plusminus ±|mu µ|paragraph ¶|"
            + "section §|periodcentered ·|onehalf ½|onequarter ¼|threequarters ¾|onesuperior ¹|twosuperior ²|threesuperior ³|multiply ×|divide ÷|minus −|"
            + "fraction ⁄|cent ¢|sterling £|yen ¥|Euro €|currency ¤|florin ƒ|brokenbar ¦|exclamdown ¡|questiondown ¿|logicalnot ¬|ordfeminine ª|ordmasculine º|"
            + "germandbls ß|ae æ|AE Æ|oe œ|OE Œ|oslash ø|Oslash Ø|lslash ł|Lslash Ł|eth ð|Eth Ð|thorn þ|Thorn Þ|dotlessi ı|aring å|Aring Å|fi fi|fl fl|ff ff|"
            + "ffi ffi|ffl ffl|nbspace  |sfthyphen -|acute ´|dieresis ¨|macron ¯|cedilla ¸|circumflex ˆ|tilde ˜|caron ˇ|infinity ∞|lessequal ≤|greaterequal ≥|"
            + "notequal ≠|arrowright →|arrowleft ←|alpha α|beta β|gamma γ|delta δ|epsilon ε|lambda λ|pi π|sigma σ|theta θ|omega ω|Delta Δ|Omega Ω|Sigma Σ";
        foreach (var entry in Symbols.Split('|'))
        {
            var gap = entry.IndexOf(' ', StringComparison.Ordinal);
            names[entry[..gap]] = entry[(gap + 1)..];
        }

        // A letter and its accent; each letter stands before its accented form.
        (string Accent, string Letters)[] accents =
        [
            ("acute", "AÁaáEÉeéIÍiíOÓoóUÚuúYÝyýCĆcćNŃnńSŚsśZŹzź"), ("grave", "AÀaàEÈeèIÌiìOÒoòUÙuù"), ("circumflex", "AÂaâEÊeêIÎiîOÔoôUÛuû"),
            ("dieresis", "AÄaäEËeëIÏiïOÖoöUÜuüYŸyÿ"), ("tilde", "AÃaãNÑnñOÕoõ"), ("cedilla", "CÇcçSŞsş"), ("caron", "CČcčSŠsšZŽzžEĚeěRŘrřNŇnňDĎdď"),
            ("ogonek", "AĄaąEĘeę"), ("macron", "AĀaāEĒeēIĪiīOŌoōUŪuū"), ("ring", "UŮuů"), ("breve", "AĂaăGĞgğ"), ("hungarumlaut", "OŐoőUŰuű"), ("dotaccent", "ZŻzżIİ"),
        ];
        foreach (var (accent, letters) in accents)
        {
            for (var i = 0; i < letters.Length; i += 2)
            {
                names[letters[i] + accent] = letters[i + 1].ToString();
            }
        }

        return names.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
