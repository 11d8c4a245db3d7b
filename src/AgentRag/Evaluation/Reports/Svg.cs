using AgentRag.Answering;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>The pieces that charts are drawn of. Colours are the page's, by class, so that one drawing serves dark and light.</summary>
internal static class Svg
{
    /// <summary>The class of a strategy: colour and, for those who see none, shape.</summary>
    public static string ClassOf(string strategy) => strategy switch
    {
        ZeroShotAnswerer.Name => "s0",
        ManyShotAnswerer.Name => "s1",
        RagAnswerer.Name => "s2",
        DragAnswerer.Name => "s3",
        IterDragAnswerer.Name => "s4",
        RunConfiguration.GoldPassages => "s5",
        ChainOfThoughtAnswerer.Name => "s6",
        DecomposeParallelAnswerer.Name => "s7",
        KeywordExpansionAnswerer.Name => "s8",
        _ => "s9",
    };

    /// <summary>A mark at a point: another shape for each strategy.</summary>
    public static Markup Mark(string strategy, double x, double y, string? title = null)
    {
        var name = ClassOf(strategy);
        var hover = title is null ? Markup.Empty : Markup.Of($"<title>{title}</title>");
        return name switch
        {
            "s0" => Markup.Of($"<path class=\"mark {name} open\" d=\"M{x - 5:0.0} {y - 5:0.0}L{x + 5:0.0} {y + 5:0.0}M{x - 5:0.0} {y + 5:0.0}L{x + 5:0.0} {y - 5:0.0}\">{hover}</path>"),
            "s1" => Markup.Of($"<path class=\"mark {name} open\" d=\"M{x:0.0} {y - 6:0.0}V{y + 6:0.0}M{x - 6:0.0} {y:0.0}H{x + 6:0.0}\">{hover}</path>"),
            "s2" => Markup.Of($"<rect class=\"mark {name}\" x=\"{x - 4.5:0.0}\" y=\"{y - 4.5:0.0}\" width=\"9\" height=\"9\">{hover}</rect>"),
            "s3" => Markup.Of($"<path class=\"mark {name}\" d=\"M{x:0.0} {y - 6:0.0}L{x + 5.5:0.0} {y + 4.5:0.0}H{x - 5.5:0.0}Z\">{hover}</path>"),
            "s4" => Markup.Of($"<circle class=\"mark {name}\" cx=\"{x:0.0}\" cy=\"{y:0.0}\" r=\"5\">{hover}</circle>"),
            "s6" => Markup.Of($"<path class=\"mark {name}\" d=\"M{x:0.0} {y + 6:0.0}L{x + 5.5:0.0} {y - 4.5:0.0}H{x - 5.5:0.0}Z\">{hover}</path>"),
            "s7" => Markup.Of($"<circle class=\"mark {name} open\" cx=\"{x:0.0}\" cy=\"{y:0.0}\" r=\"4.5\">{hover}</circle>"),
            "s8" => Markup.Of($"<rect class=\"mark {name} open\" x=\"{x - 4:0.0}\" y=\"{y - 4:0.0}\" width=\"8\" height=\"8\">{hover}</rect>"),
            _ => Markup.Of($"<path class=\"mark {name}{(name == "s9" ? " open" : "")}\" d=\"M{x:0.0} {y - 6:0.0}L{x + 6:0.0} {y:0.0}L{x:0.0} {y + 6:0.0}L{x - 6:0.0} {y:0.0}Z\">{hover}</path>"),
        };
    }

    public static Markup Text(double x, double y, string text, string anchor = "middle", string name = "tick") =>
        Markup.Of($"<text class=\"{name}\" x=\"{x:0.0}\" y=\"{y:0.0}\" text-anchor=\"{anchor}\">{text}</text>");

    public static Markup Line(string name, double x1, double y1, double x2, double y2) =>
        Markup.Of($"<line class=\"{name}\" x1=\"{x1:0.0}\" y1=\"{y1:0.0}\" x2=\"{x2:0.0}\" y2=\"{y2:0.0}\"/>");

    /// <summary>A drawing with a name and a description for those who do not see it.</summary>
    public static Markup Drawing(int width, int height, string id, string title, string description, Markup content) => Markup.Of(
        $"<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>{content}</svg>");
}
