"""The words of the pages about requirements, in each language.

Owns the labels of requirement pages, index, matrices and figures; leaves those of cards and menus to `words`.
"""

import re

__all__ = ["FIGURES", "LABELS", "REASONS", "VERDICTS", "figure_name", "in_chinese"]

LABELS = {
    "en": {
        "requirements": "Requirements",
        "requirement": "requirement",
        "index_intro": "All {count} requirements of this edition. Each has a permanent page.",
        "search": "ID or title",
        "shown": "{n} of {all}",
        "chapter": "chapter",
        "level": "level",
        "role": "role",
        "profile": "profile",
        "verify": "verified by",
        "state": "evidence",
        "title": "title",
        "translation": "translation",
        "where": "Chapter",
        "copy": "Copy",
        "copy_id": "ID",
        "copy_link": "link",
        "copy_citation": "citation",
        "remedy": "Remedy",
        "colon": ":",
        "space": " ",
        "in_chapter": "in its chapter",
        "previous": "previous",
        "next": "next",
        "neighbours": "Neighbouring requirements",
        "schema": "schema",
        "evidence": "Evidence",
        "checks": "Checks",
        "tests": "Tests",
        "mutants": "Mutants",
        "corpus": "Packages and data sets that violate it",
        "check": "check",
        "test": "test",
        "mutant": "mutant",
        "package": "violating example",
        "review": "review",
        "none": "none",
        "no_evidence": "Nothing executes this requirement: a person judges it, or a schema alone states it.",
        "open": "No check and no test cites this requirement yet.",
        "waiver": "Waived until {day}: {reason}.",
        "corpus_intro": "Each violates this requirement and no other. They lie in conformance/corpus/{id}/.",
        "mutants_intro": "Subjects with one planted fault that breaks this requirement.",
        "coverage": "Coverage",
        "coverage_line": "Measured on {date}: {levels}.",
        "unmeasured": "not measured yet",
        "not_judged": "no mutant of it was among those judged",
        "killed": "{killed} of {mutants} mutants judged failed it",
        "passed": "correct subjects pass it",
        "field": "Results in the field",
        "field_none": "No subject of the field runs is judged by this requirement.",
        "subject": "subject",
        "version": "version",
        "verdict": "verdict",
        "reproducer": "reproducer",
        "what": "what deviates",
        "date": "date",
        "judged": "Judged on {dates}.",
        "informative": "for information",
        "field_matrix": "all subjects and requirements",
        "history": "Revisions",
        "revision": "revision",
        "edition": "edition",
        "digest": "digest of what binds",
        "draft": "{version} (draft, not published yet)",
        "earlier": "before the first published edition",
        "wording": "the wording then",
        "changelog": "Named in the changelog",
        "language": "Translation",
        "state_binding": "The English text binds.",
        "state_current": "The Chinese translation is of this wording.",
        "state_stale": "The Chinese translation is of another wording; the English text stands in its place.",
        "state_missing": "There is no Chinese translation yet; the English text stands in its place.",
        "current": "current",
        "stale": "stale",
        "missing": "missing",
        "stale_badge": "",
        "missing_badge": "",
        "traceability": "Traceability",
        "trace_intro": (
            "What verifies each requirement. The numbers lead to its page, which names every check, test, "
            "mutant, and package or data set that violates it. C1: it ran on a correct subject and passed. "
            "C2: it also failed, on a mutant. C3: a mutant that breaks just this requirement failed it."
        ),
        "trace_measured": "C1 to C3 were measured on {date} ({command}): {judged} mutants were judged.",
        "trace_quick": (
            "That was a short measurement, of every twelfth mutant: an empty cell says that this run did not "
            "show it, not that it is missing."
        ),
        "trace_unmeasured": "C1 to C3 were not measured yet: `make figures` writes them.",
        "in_field": "field",
        "waived": "waived",
        "all": "all",
        "evidence_mutant": "executed, with mutants",
        "evidence_test": "executed",
        "evidence_waived": "waived",
        "evidence_open": "not executed yet",
        "evidence_none": "schema or review alone",
        "profiles": "Profiles",
        "profiles_intro": (
            "A profile passes whole or not at all. It consists of the requirements whose header names it."
        ),
        "profiles_caption": "Requirements of each profile",
        "count": "requirements",
        "roles": "roles",
        "executed": "executed",
        "field_title": "Field results",
        "field_intro": (
            "What the suite found in {subjects} programs of other people, each installed from its packages. "
            "A failure that is a verified deviation leads to its reproducer."
        ),
        "field_counts": "requirements by verdict",
        "servers": "Servers",
        "servers_intro": (
            "Judged over REST and gRPC by the profiles that their documentation claims. A verdict for "
            "information is of a profile with decisions of this standard, which nobody has promised to keep."
        ),
        "engines": "Engines",
        "engines_intro": "Judged by the profile runtime, each behind an adapter.",
        "subjects": "Subjects",
        "figures": "Figures",
        "figures_intro": "What makes a verdict trustworthy, measured on the suite itself.",
        "figures_measured": "Measured on {date} on {machine}, in {seconds} s, by `{command}`.",
        "figures_quick": (
            "This is the short measurement, with few seeds and every twelfth mutant, on a machine that had "
            "other work: it shows that the measurement works. The long one is `make figures`."
        ),
        "figures_none": "Nothing was measured yet: `make figures` writes these figures.",
        "figure": "figure",
        "found": "found",
        "aim": "aim",
        "reached": "reached",
        "missed": "missed",
        "detail": "on what",
    },
    "zh": {
        "requirements": "要求",
        "requirement": "要求",
        "index_intro": "本版的全部 {count} 条要求，每条都有永久的页面。",
        "search": "编号或标题",
        "shown": "{all} 条中的 {n} 条",
        "chapter": "章",
        "level": "级别",
        "role": "约束对象",
        "profile": "剖面",
        "verify": "验证方式",
        "state": "证据",
        "title": "标题",
        "translation": "译文",
        "where": "所在章",
        "copy": "复制",
        "copy_id": "编号",
        "copy_link": "链接",
        "copy_citation": "引文",
        "remedy": "修正",
        "colon": "：",
        "space": "",
        "in_chapter": "在章中的位置",
        "previous": "上一条",
        "next": "下一条",
        "neighbours": "相邻的要求",
        "schema": "模式",
        "evidence": "证据",
        "checks": "检查",
        "tests": "测试",
        "mutants": "变异体",
        "corpus": "违反它的包和数据集",
        "check": "检查",
        "test": "测试",
        "mutant": "变异体",
        "package": "违反的实例",
        "review": "评审",
        "none": "无",
        "no_evidence": "没有程序执行这条要求：它由人评判，或者只写在模式里。",
        "open": "还没有检查或测试引用这条要求。",
        "waiver": "豁免至 {day}：{reason}。",
        "corpus_intro": "每个只违反这一条要求，放在 conformance/corpus/{id}/ 中。",
        "mutants_intro": "只植入一个错误、恰好违反这条要求的对象。",
        "coverage": "覆盖",
        "coverage_line": "{date} 测得：{levels}。",
        "unmeasured": "尚未测量",
        "not_judged": "受评判的变异体中没有它的",
        "killed": "受评判的 {mutants} 个变异体中有 {killed} 个在这条要求上失败",
        "passed": "正确的对象通过",
        "field": "实测结果",
        "field_none": "实测的对象都不按这条要求评判。",
        "subject": "对象",
        "version": "版本",
        "verdict": "结论",
        "reproducer": "复现程序",
        "what": "偏差",
        "date": "日期",
        "judged": "评判日期：{dates}。",
        "informative": "仅供参考",
        "field_matrix": "全部对象与要求",
        "history": "修订",
        "revision": "修订号",
        "edition": "版本",
        "digest": "约束内容的摘要",
        "draft": "{version}（草案，尚未发布）",
        "earlier": "在首个发布的版本之前",
        "wording": "当时的文本",
        "changelog": "变更日志中的记录",
        "language": "译文",
        "state_binding": "以英文文本为准。",
        "state_current": "中文译文与本条的现行文本一致。",
        "state_stale": "中文译文对应的是较早的文本，因此这里显示英文原文。",
        "state_missing": "尚无中文译文，因此这里显示英文原文。",
        "current": "现行",
        "stale": "过时",
        "missing": "缺",
        "stale_badge": "译文过时，显示英文原文",
        "missing_badge": "尚无译文，显示英文原文",
        "traceability": "可追溯性",
        "trace_intro": (
            "每条要求由什么验证。数字通向该要求的页面，那里列出每个检查、测试、变异体，以及违反它的包或数据集。"
            "C1：在正确的对象上运行并通过。C2：还在变异体上失败过。C3：恰好违反这条要求的变异体在它上面失败。"
        ),
        "trace_measured": "C1 至 C3 测于 {date}（{command}），评判了 {judged} 个变异体。",
        "trace_quick": "那是一次简短的测量，每十二个变异体取一个：空格表示这次没有显示，并不表示没有。",
        "trace_unmeasured": "C1 至 C3 尚未测量：由 `make figures` 写出。",
        "in_field": "实测",
        "waived": "豁免",
        "all": "全部",
        "evidence_mutant": "有执行，有变异体",
        "evidence_test": "有执行",
        "evidence_waived": "豁免",
        "evidence_open": "尚未执行",
        "evidence_none": "只有模式或评审",
        "profiles": "剖面",
        "profiles_intro": "剖面整体通过或不通过。它由首行写明属于它的要求组成。",
        "profiles_caption": "每个剖面的要求",
        "count": "要求数",
        "roles": "约束对象",
        "executed": "有执行",
        "field_title": "实测结果",
        "field_intro": (
            "套件在别人编写的 {subjects} 个程序中发现了什么，每个程序都从它的软件包安装。"
            "经核实的偏差附有复现程序的链接。"
        ),
        "field_counts": "按结论统计的要求数",
        "servers": "服务器",
        "servers_intro": (
            "按各自文档声明的剖面，通过 REST 和 gRPC 评判。"
            "“仅供参考”的结论属于含有本标准自己决定的剖面，没有人承诺过遵守它们。"
        ),
        "engines": "引擎",
        "engines_intro": "按剖面 runtime 评判，各自接在一个适配器之后。",
        "subjects": "对象",
        "figures": "套件的指标",
        "figures_intro": "结论凭什么可信：对套件自身的测量。",
        "figures_measured": "{date} 在 {machine} 上用 `{command}` 测得，历时 {seconds} 秒。",
        "figures_quick": (
            "这是简短的测量：种子少，每十二个变异体取一个，机器上还有别的任务；它只说明测量可以运行。"
            "完整的测量是 `make figures`。"
        ),
        "figures_none": "尚未测量：由 `make figures` 写出这些指标。",
        "figure": "指标",
        "found": "测得",
        "aim": "目标",
        "reached": "达到",
        "missed": "未达到",
        "detail": "说明",
    },
}

#: What the reasons of waivers say.
REASONS = {
    "en": {
        "planned": "the evidence is being written",
        "person": "only a person can judge it",
        "elsewhere": "another project's tool verifies it",
        "unobservable": "nothing that can be seen from outside tells a violation from conformance",
    },
    "zh": {
        "planned": "证据正在编写",
        "person": "只能由人评判",
        "elsewhere": "由其他项目的工具验证",
        "unobservable": "从外部看不出违反与符合的区别",
    },
}

VERDICTS = {
    "en": {
        "pass": "pass",
        "fail": "fail",
        "blocked": "blocked",
        "not-tested": "not tested",
        "not-applicable": "n/a",
        "inconclusive": "inconclusive",
    },
    "zh": {
        "pass": "通过",
        "fail": "不合格",
        "blocked": "阻断",
        "not-tested": "未测试",
        "not-applicable": "不适用",
        "inconclusive": "无定论",
    },
}

#: English words in names and values of figures -> the same in Chinese.
_MEASURED = (
    (r"\b(\d+) cores\b", r"\1 核"),
    (r"\b(\d+) seeds\b", r"\1 个种子"),
    (r"^all$", "全部"),
    (r"\bnaive server\b", "朴素的服务器"),
    (r"\bnaive gRPC server\b", "朴素的 gRPC 服务器"),
)
#: The start of a figure's name -> what it is called in Chinese; `{rest}` is what follows the start.
FIGURES = {
    "HTTP cases per second, of a plain loop's": "每秒 HTTP 用例数，与裸循环之比",
    "trivial subjects certified": "获得认证的平凡对象",
    "quick run, ": "快速运行：{rest}",
    "full run, ": "完整运行：{rest}",
    "false alarms over ": "误报：{rest}",
    "mutants killed": "被杀死的变异体",
    "killed by their own requirement": "由其所违反的要求杀死",
    "kills that depend on the seed": "取决于种子的杀死",
    "values in a reproducer, median": "复现程序中的数值个数，中位数",
    "reproducers that replay": "能重放的复现程序",
    "MUSTs at ": "达到 {rest} 的 MUST",
    "findings per root cause": "每个根源的发现数",
}


def figure_name(language: str, name: str) -> str:
    """Return what a figure is called; a new one keeps its English name until it has another."""
    if language == "en":
        return name
    for start, chinese in FIGURES.items():
        if name.startswith(start):
            return chinese.format(rest=in_chinese(name.removeprefix(start)))
    return name


def in_chinese(text: str) -> str:
    """Return a value that tools/figures.py wrote, with its few English words in Chinese."""
    for english, chinese in _MEASURED:
        text = re.sub(english, chinese, text)
    return text
