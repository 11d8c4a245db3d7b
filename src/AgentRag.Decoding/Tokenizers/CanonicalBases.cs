using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>What is left of a character when its accents are taken off: its canonical decomposition (Unicode's NFD) without non-spacing marks.</summary>
/// <remarks>
/// A table of our own, as the platform's normalisation does nothing with invariant globalization; made of Unicode 14. Of the basic plane alone: beyond it only rare
/// ideographs and musical notes are decomposed.
/// </remarks>
internal static class CanonicalBases
{
    private const char Unchanged = '-';
    private const int Hangul = 0xAC00;
    private const int HangulSyllables = 11_172;

    // For each character from the first on, what it becomes.
    private static readonly (int First, string Bases)[] Runs =
    [
        (0x00C0,
            "AAAAAA-CEEEEIIII-NOOOOO--UUUUY--aaaaaa-ceeeeiiii-nooooo--uuuuy-yAaAaAaCcCcCcCcDd--EeEeEeEeEeGgGg" +
            "GgGgHh--IiIiIiIiI---JjKk-LlLlLl----NnNnNn---OoOoOo--RrRrRrSsSsSsSsTtTt--UuUuUuUuUuUuWwYyYZzZzZz"),
        (0x01A0, "Oo-------------Uu"),
        (0x01CD,
            "AaIiOoUuUuUuUuUu-AaAaÆæ--GgKkOoOoƷʒj---Gg--NnAaÆæØøAaAaEeEeIiIiOoOoRrRrUuUuSsTt--Hh------AaEeOoO" +
            "oOoOoYy"),
        (0x0374, "ʹ---------;------¨Α·ΕΗΙ-Ο-ΥΩι"),
        (0x03AA, "ΙΥαεηιυ"),
        (0x03CA, "ιυουω----ϒϒ"),
        (0x0400, "ЕЕ-Г---І----КИУ----------И"),
        (0x0439, "и----------------------ее-г---і----киу-----------------------Ѵѵ"),
        (0x04C1, "Жж-------------АаАа--Ее--ӘәЖжЗз--ИиИиОо--ӨөЭэУуУуУуЧч--Ыы"),
        (0x0622, "ااواي"),
        (0x06C0, "ە-ہ----------------ے"),
        (0x0929, "न-------र--ळ"),
        (0x0958, "कखगजडढफय"),
        (0x09DC, "ডঢ-য"),
        (0x0A33, "ਲ--ਸ"),
        (0x0A59, "ਖਗਜ--ਫ"),
        (0x0B48, "େ-------------------ଡଢ"),
        (0x0CC0, "ೕ------ೕೖ-ೂ"),
        (0x0DDA, "ෙ"),
        (0x0F43, "ག---------ཌ----ད----བ----ཛ------------ཀ"),
        (0x1026, "ဥ"),
        (0x1B3B, "ᬵ-ᬵ-----ᬵ"),
        (0x1E00,
            "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRr" +
            "SsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwy-ſ----AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe" +
            "EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy------ααααααααΑΑΑΑΑΑΑΑεεεεεε--ΕΕΕΕΕΕ--" +
            "ηηηηηηηηΗΗΗΗΗΗΗΗιιιιιιιιΙΙΙΙΙΙΙΙοοοοοο--ΟΟΟΟΟΟ--υυυυυυυυ-Υ-Υ-Υ-ΥωωωωωωωωΩΩΩΩΩΩΩΩααεεηηιιοουυωω--" +
            "ααααααααΑΑΑΑΑΑΑΑηηηηηηηηΗΗΗΗΗΗΗΗωωωωωωωωΩΩΩΩΩΩΩΩααααα-ααΑΑΑΑΑ-ι--¨ηηη-ηηΕΕΗΗΗ᾿᾿᾿ιιιι--ιιΙΙΙΙ-῾῾῾" +
            "υυυυρρυυΥΥΥΥΡ¨¨\u0060--ωωω-ωωΟΟΩΩΩ´--\u2002\u2003"),
        (0x2126, "Ω---KA"),
        (0x219A, "←→------------------↔"),
        (0x21CD, "⇐⇔⇒"),
        (0x2204, "∃----∈--∋-----------------------∣-∥"),
        (0x2241, "∼--≃--≅-≈----------------------=-≡----------≍<>≤≥--≲≳--≶≷------≺≻--⊂⊃--⊆⊇"),
        (0x22AC, "⊢⊨⊩⊫"),
        (0x22E0, "≼≽⊑⊒------⊲⊳⊴⊵"),
        (0x2329, "〈〉"),
        (0x2ADC, "⫝"),
        (0x304C,
            "か-き-く-け-こ-さ-し-す-せ-そ-た-ち--つ-て-と------はは-ひひ-ふふ-へへ-ほほ----------------------う---------ゝ-------------" +
            "カ-キ-ク-ケ-コ-サ-シ-ス-セ-ソ-タ-チ--ツ-テ-ト------ハハ-ヒヒ-フフ-ヘヘ-ホホ----------------------ウ--ワヰヱヲ---ヽ"),
        (0xF900,
            "豈更車賈滑串句龜龜契金喇奈懶癩羅蘿螺裸邏樂洛烙珞落酪駱亂卵欄爛蘭鸞嵐濫藍襤拉臘蠟廊朗浪狼郎來冷勞擄櫓爐盧老蘆虜路露魯鷺碌祿綠菉錄鹿論壟弄籠聾牢磊賂雷壘屢樓淚漏累縷陋勒肋凜凌稜綾菱陵讀拏樂諾丹寧" +
            "怒率異北磻便復不泌數索參塞省葉說殺辰沈拾若掠略亮兩凉梁糧良諒量勵呂女廬旅濾礪閭驪麗黎力曆歷轢年憐戀撚漣煉璉秊練聯輦蓮連鍊列劣咽烈裂說廉念捻殮簾獵令囹寧嶺怜玲瑩羚聆鈴零靈領例禮醴隸惡了僚寮尿料樂" +
            "燎療蓼遼龍暈阮劉杻柳流溜琉留硫紐類六戮陸倫崙淪輪律慄栗率隆利吏履易李梨泥理痢罹裏裡里離匿溺吝燐璘藺隣鱗麟林淋臨立笠粒狀炙識什茶刺切度拓糖宅洞暴輻行降見廓兀嗀--塚-晴--凞猪益礼神祥福靖精羽-" +
            "蘒-諸--逸都---飯飼館鶴郞隷侮僧免勉勤卑喝嘆器塀墨層屮悔慨憎懲敏既暑梅海渚漢煮爫琢碑社祉祈祐祖祝禍禎穀突節練縉繁署者臭艹艹著褐視謁謹賓贈辶逸難響頻恵-舘--並况全侀充冀勇勺喝啕喙嗢塚墳奄奔" +
            "婢嬨廒廙彩徭惘慎愈憎慠懲戴揄搜摒敖晴朗望杖歹殺流滛滋漢瀞煮瞧爵犯猪瑱甆画瘝瘟益盛直睊着磌窱節类絛練缾者荒華蝹襁覆視調諸請謁諾諭謹變贈輸遲醙鉶陼難靖韛響頋頻鬒龜---㮝䀘䀹---齃龎"),
        (0xFB1D, "י-ײ----------ששששאאאבגדהוז-טיךכל-מ-נס-ףפ-צקרשתובכפ"),
    ];

    // A character, and the several that it becomes.
    private static readonly string[] Several =
    [
        "\u09CB\u09C7\u09BE", "\u09CC\u09C7\u09D7", "\u0B4B\u0B47\u0B3E", "\u0B4C\u0B47\u0B57", "\u0B94\u0B92\u0BD7", "\u0BCA\u0BC6\u0BBE",
        "\u0BCB\u0BC7\u0BBE", "\u0BCC\u0BC6\u0BD7", "\u0CCB\u0CC2\u0CD5", "\u0D4A\u0D46\u0D3E", "\u0D4B\u0D47\u0D3E", "\u0D4C\u0D46\u0D57",
        "\u0DDC\u0DD9\u0DCF", "\u0DDD\u0DD9\u0DCF", "\u0DDE\u0DD9\u0DDF", "\u1B06\u1B05\u1B35", "\u1B08\u1B07\u1B35", "\u1B0A\u1B09\u1B35",
        "\u1B0C\u1B0B\u1B35", "\u1B0E\u1B0D\u1B35", "\u1B12\u1B11\u1B35", "\u1B40\u1B3E\u1B35", "\u1B41\u1B3F\u1B35",
        "\uFA6C\U000242EE", "\uFACF\U0002284A", "\uFAD0\U00022844", "\uFAD1\U000233D5", "\uFAD5\U00025249", "\uFAD6\U00025CD0", "\uFAD7\U00027ED3",
    ];

    private static readonly FrozenDictionary<char, string> Bases = Runs
        .SelectMany(run => run.Bases.Select((letter, i) => (Character: (char)(run.First + i), Base: letter)))
        .Where(pair => pair.Base != Unchanged)
        .Select(pair => KeyValuePair.Create(pair.Character, pair.Base.ToString()))
        .Concat(Several.Select(text => KeyValuePair.Create(text[0], text[1..])))
        .ToFrozenDictionary();

    /// <summary>Writes a character without its accents.</summary>
    /// <param name="character">Any character.</param>
    /// <param name="target">Takes what is left: nothing of a mark by itself.</param>
    public static void Append(Rune character, StringBuilder target)
    {
        if (character.Value is >= Hangul and < Hangul + HangulSyllables)
        {
            // Unicode 3.12: a syllable is leading consonant, vowel, and perhaps trailing consonant.
            var (syllable, trailing) = Math.DivRem(character.Value - Hangul, 28);
            target.Append((char)(0x1100 + (syllable / 21))).Append((char)(0x1161 + (syllable % 21)));
            if (trailing > 0)
            {
                target.Append((char)(0x11A7 + trailing));
            }
        }
        else if (character.IsBmp && Bases.TryGetValue((char)character.Value, out var bases))
        {
            target.Append(bases);
        }
        else if (Rune.GetUnicodeCategory(character) != UnicodeCategory.NonSpacingMark)
        {
            target.Append(character.ToString());
        }
    }
}
