using System.Numerics;
using System.Text;

namespace AgentRag.Documents;

/// <summary>Follows the text operators of a page and writes down what they show, line by line.</summary>
/// <remarks>PDF 32000-1:2008, section 9. Lines come in the order of the content stream; a jump to another line or over a gap shows by the positions.</remarks>
internal sealed class PdfTextWalker(PdfFile file, DocumentReaderOptions options, CancellationToken cancellationToken)
{
    private const int MaxOperands = 512;
    private const int MaxForms = 8;
    private const int MaxSavedStates = 512;

    private readonly StringBuilder _text = new();
    private readonly Dictionary<PdfDictionary, PdfFont> _fonts = new(ReferenceEqualityComparer.Instance);
    private Vector2 _end;
    private float _endSize;

    /// <summary>Codes whose text is unknown.</summary>
    public int Undecoded { get; private set; }

    /// <summary>Takes the text written so far.</summary>
    public string TakeText()
    {
        var text = _text.ToString();
        _text.Clear();
        (_end, _endSize) = (default, 0);
        return text;
    }

    /// <summary>Follows one content stream.</summary>
    public void Walk(byte[] content, PdfDictionary? resources) => Walk(content, resources, Matrix3x2.Identity, depth: 0);

    private void Walk(byte[] content, PdfDictionary? resources, Matrix3x2 page, int depth)
    {
        var (tokens, state) = (new PdfTokens(content), new State { Page = page });
        Stack<State> saved = new();
        List<PdfToken> operands = [];
        for (var token = tokens.Next(); token.Kind != PdfTokenKind.End; token = tokens.Next())
        {
            if (token.Kind != PdfTokenKind.Operator)
            {
                if (operands.Count < MaxOperands || token.Kind == PdfTokenKind.String)
                {
                    operands.Add(token);
                }

                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            switch (token.Text)
            {
                case "q" when saved.Count < MaxSavedStates:
                    saved.Push(state with { });
                    break;
                case "Q" when saved.Count > 0:
                    state = saved.Pop();
                    break;
                case "ID":
                    tokens.SkipInlineImage();
                    break;
                case "Do" when operands is [.., { Kind: PdfTokenKind.Name } name] && depth < MaxForms:
                    WalkForm(name.Text, resources, state.Page, depth);
                    break;
                case "Tf" when operands is [.., { Kind: PdfTokenKind.Name } name, var size]:
                    (state.Font, state.Size) = (Font(resources, name.Text), (float)size.Number);
                    break;
                default:
                    Apply(token.Text, operands, state);
                    break;
            }

            operands.Clear();
        }
    }

    private void Apply(string name, List<PdfToken> operands, State state)
    {
        switch (name)
        {
            case "cm" when operands.Count >= 6:
                state.Page = Matrix(operands) * state.Page;
                break;
            case "BT":
                state.Line = state.Text = Matrix3x2.Identity;
                break;
            case "Tm" when operands.Count >= 6:
                state.Line = state.Text = Matrix(operands);
                break;
            case "Td" or "TD" when operands.Count >= 2:
                state.Leading = name is "TD" ? -Number(operands, 1) : state.Leading;
                state.Move(Number(operands, 0), Number(operands, 1));
                break;
            case "T*":
                state.Move(0, -state.Leading);
                break;
            case "TL" when operands.Count >= 1:
                state.Leading = Number(operands, 0);
                break;
            case "Tc" when operands.Count >= 1:
                state.CharacterSpacing = Number(operands, 0);
                break;
            case "Tw" when operands.Count >= 1:
                state.WordSpacing = Number(operands, 0);
                break;
            case "Tz" when operands.Count >= 1:
                state.Stretch = Number(operands, 0) / 100;
                break;
            case "'" or "\"":
                state.Move(0, -state.Leading);
                Show(operands, state);
                break;
            case "Tj" or "TJ":
                Show(operands, state);
                break;
        }
    }

    private void Show(List<PdfToken> operands, State state)
    {
        foreach (var operand in operands)
        {
            if (operand.Kind == PdfTokenKind.String)
            {
                Show(operand.Bytes, state);
            }
            else if (operand.Kind == PdfTokenKind.Number && operands[0].Kind == PdfTokenKind.Open)
            {
                state.Advance(-(float)operand.Number / 1000 * state.Size);
            }
        }
    }

    private void Show(byte[] bytes, State state)
    {
        if (state.Font is null)
        {
            Undecoded += bytes.Length;
            return;
        }

        if (_text.Length > options.MaxUnpackedBytes)
        {
            throw new InvalidDataException($"a page's text is longer than {options.MaxUnpackedBytes:N0} characters");
        }

        foreach (var (text, width, isSpace) in state.Font.Decode(bytes))
        {
            // Per glyph: some programs write a space as a wider gap behind one letter.
            Separate(state);
            Undecoded += text is null ? 1 : 0;
            _text.Append(text);
            state.Advance((float)width * state.Size);
            (_end, _endSize) = (state.Position, state.SizeOnPage);
            state.Advance(state.CharacterSpacing + (isSpace ? state.WordSpacing : 0));
        }
    }

    /// <summary>Writes the line break or space that lies between the last text and the next.</summary>
    private void Separate(State state)
    {
        if (_text.Length == 0)
        {
            return;
        }

        // Half a line up or down is another line, two are another paragraph; an eighth of the size to the right is a space, any way back too.
        var (gap, size) = (state.Position - _end, Math.Max(Math.Max(state.SizeOnPage, _endSize), 0.01f));
        if (Math.Abs(gap.Y) > 0.5f * size)
        {
            _text.Append(Math.Abs(gap.Y) > 1.9f * size ? "\n\n" : "\n");
        }
        else if ((gap.X > 0.125f * size || gap.X < -size) && !char.IsWhiteSpace(_text[^1]))
        {
            _text.Append(gap.X > 2 * size ? "   " : " ");
        }
    }

    private void WalkForm(string name, PdfDictionary? resources, Matrix3x2 page, int depth)
    {
        var forms = resources is null ? null : file.Dictionary(resources, "XObject");
        if (forms is null || file.Dictionary(forms, name) is not { } form || file.Name(form, "Subtype") is not "Form" || file.Content(form) is not { } content)
        {
            return;
        }

        var matrix = file.Array(form, "Matrix") is { Count: 6 } m
            ? Matrix([.. m.Select(item => new PdfToken(PdfTokenKind.Number, "", file.Number(item) ?? 0, []))])
            : Matrix3x2.Identity;
        Walk(content, file.Dictionary(form, "Resources") ?? resources, matrix * page, depth + 1);
    }

    private PdfFont? Font(PdfDictionary? resources, string name)
    {
        var fonts = resources is null ? null : file.Dictionary(resources, "Font");
        if (fonts is null || file.Dictionary(fonts, name) is not { } font)
        {
            return null;
        }

        if (!_fonts.TryGetValue(font, out var known))
        {
            _fonts[font] = known = new PdfFont(file, font);
        }

        return known;
    }

    private static float Number(List<PdfToken> operands, int index) => (float)operands[index].Number;

    private static Matrix3x2 Matrix(List<PdfToken> m) => new(Number(m, 0), Number(m, 1), Number(m, 2), Number(m, 3), Number(m, 4), Number(m, 5));

    /// <summary>The graphics state, as far as text needs it.</summary>
    private sealed record State
    {
        public Matrix3x2 Page { get; set; } = Matrix3x2.Identity;

        public Matrix3x2 Text { get; set; } = Matrix3x2.Identity;

        public Matrix3x2 Line { get; set; } = Matrix3x2.Identity;

        public PdfFont? Font { get; set; }

        public float Size { get; set; }

        public float Leading { get; set; }

        public float CharacterSpacing { get; set; }

        public float WordSpacing { get; set; }

        public float Stretch { get; set; } = 1;

        public Vector2 Position => Vector2.Transform(Vector2.Zero, Text * Page);

        public float SizeOnPage => Math.Abs(Size) * Vector2.TransformNormal(Vector2.UnitY, Text * Page).Length();

        public void Move(float x, float y) => Text = Line = Matrix3x2.CreateTranslation(x, y) * Line;

        public void Advance(float width) => Text = Matrix3x2.CreateTranslation(width * Stretch, 0) * Text;
    }
}
