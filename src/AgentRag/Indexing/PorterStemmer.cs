namespace AgentRag.Indexing;

/// <summary>Strips the suffixes of English words.</summary>
/// <remarks>
/// Source: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the paper's own rules: later additions of its author are left
/// out. Words of one or two letters stay as they are, as in the author's program. Pure, works in place.
/// </remarks>
internal ref struct PorterStemmer
{
    private readonly Span<char> _word;
    private int _end;

    private PorterStemmer(Span<char> word)
    {
        _word = word;
        _end = word.Length;
    }

    /// <summary>Stems a word.</summary>
    /// <param name="word">Lower-case letters a to z; its beginning is overwritten with the stem.</param>
    /// <returns>Length of the stem.</returns>
    public static int Stem(Span<char> word)
    {
        if (word.Length <= 2)
        {
            return word.Length;
        }

        var stemmer = new PorterStemmer(word);
        stemmer.Step1A();
        stemmer.Step1B();
        stemmer.Step1C();
        stemmer.Step2();
        stemmer.Step3();
        stemmer.Step4();
        stemmer.Step5();
        return stemmer._end;
    }

    /// <summary>Plurals.</summary>
    private void Step1A()
    {
        if (Ends("sses") || Ends("ies"))
        {
            _end -= 2;
        }
        else if (Ends("s") && !Ends("ss"))
        {
            _end--;
        }
    }

    /// <summary>Past tenses and participles.</summary>
    private void Step1B()
    {
        if (Ends("eed"))
        {
            _end -= Measure(_end - 3) > 0 ? 1 : 0;
            return;
        }

        var suffix = Ends("ed") ? 2 : Ends("ing") ? 3 : 0;
        if (suffix == 0 || !HasVowel(_end - suffix))
        {
            return;
        }

        _end -= suffix;
        if (Ends("at") || Ends("bl") || Ends("iz"))
        {
            _word[_end++] = 'e';
        }
        else if (EndsInDoubleConsonant() && _word[_end - 1] is not ('l' or 's' or 'z'))
        {
            _end--;
        }
        else if (Measure(_end) == 1 && EndsInShortSyllable(_end))
        {
            _word[_end++] = 'e';
        }
    }

    private void Step1C()
    {
        if (Ends("y") && HasVowel(_end - 1))
        {
            _word[_end - 1] = 'i';
        }
    }

    /// <summary>Double suffixes to single ones.</summary>
    private void Step2()
    {
        _ = Replace("ational", "ate") || Replace("tional", "tion") || Replace("enci", "ence") || Replace("anci", "ance") || Replace("izer", "ize")
            || Replace("abli", "able") || Replace("alli", "al") || Replace("entli", "ent") || Replace("eli", "e") || Replace("ousli", "ous")
            || Replace("ization", "ize") || Replace("ation", "ate") || Replace("ator", "ate") || Replace("alism", "al") || Replace("iveness", "ive")
            || Replace("fulness", "ful") || Replace("ousness", "ous") || Replace("aliti", "al") || Replace("iviti", "ive") || Replace("biliti", "ble");
    }

    private void Step3()
    {
        _ = Replace("icate", "ic") || Replace("ative", "") || Replace("alize", "al") || Replace("iciti", "ic") || Replace("ical", "ic")
            || Replace("ful", "") || Replace("ness", "");
    }

    /// <summary>Suffixes that go when enough of the word is left. The longest that matches decides, so "ement" stands before "ment".</summary>
    private void Step4()
    {
        ReadOnlySpan<string> suffixes =
        [
            "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize",
        ];
        foreach (var suffix in suffixes)
        {
            if (Ends(suffix))
            {
                var stem = _end - suffix.Length;
                var fits = suffix != "ion" || (stem > 0 && _word[stem - 1] is 's' or 't');
                _end = fits && Measure(stem) > 1 ? stem : _end;
                return;
            }
        }
    }

    private void Step5()
    {
        if (Ends("e"))
        {
            var measure = Measure(_end - 1);
            _end -= measure > 1 || (measure == 1 && !EndsInShortSyllable(_end - 1)) ? 1 : 0;
        }

        if (Ends("ll") && Measure(_end) > 1)
        {
            _end--;
        }
    }

    /// <summary>Replaces a suffix if the measure of what is before it is at least 1.</summary>
    /// <returns>Whether the word ended in the suffix: then no other rule of the step is tried.</returns>
    private bool Replace(string suffix, string replacement)
    {
        if (!Ends(suffix))
        {
            return false;
        }

        var stem = _end - suffix.Length;
        if (Measure(stem) > 0)
        {
            replacement.CopyTo(_word[stem..]);
            _end = stem + replacement.Length;
        }

        return true;
    }

    private readonly bool Ends(string suffix) => _end >= suffix.Length && _word[.._end].EndsWith(suffix, StringComparison.Ordinal);

    /// <summary>The paper's m: how often a vowel sequence is followed by a consonant sequence in the first characters.</summary>
    private readonly int Measure(int length)
    {
        var (measure, afterVowel) = (0, false);
        for (var i = 0; i < length; i++)
        {
            var consonant = IsConsonant(i);
            measure += consonant && afterVowel ? 1 : 0;
            afterVowel = !consonant;
        }

        return measure;
    }

    private readonly bool HasVowel(int length)
    {
        for (var i = 0; i < length; i++)
        {
            if (!IsConsonant(i))
            {
                return true;
            }
        }

        return false;
    }

    private readonly bool EndsInDoubleConsonant() => _end >= 2 && _word[_end - 1] == _word[_end - 2] && IsConsonant(_end - 1);

    /// <summary>The paper's *o: consonant, vowel, consonant other than w, x, y.</summary>
    private readonly bool EndsInShortSyllable(int length) =>
        length >= 3 && IsConsonant(length - 3) && !IsConsonant(length - 2) && IsConsonant(length - 1) && _word[length - 1] is not ('w' or 'x' or 'y');

    /// <summary>A y is a consonant at the beginning and behind a vowel.</summary>
    private readonly bool IsConsonant(int i)
    {
        if (_word[i] is not 'y')
        {
            return _word[i] is not ('a' or 'e' or 'i' or 'o' or 'u');
        }

        // Looked at from the run's first y on, so a word of nothing but y stays linear.
        var first = i;
        while (first > 0 && _word[first - 1] is 'y')
        {
            first--;
        }

        var firstIsConsonant = first == 0 || _word[first - 1] is 'a' or 'e' or 'i' or 'o' or 'u';
        return (i - first) % 2 == 0 ? firstIsConsonant : !firstIsConsonant;
    }
}
