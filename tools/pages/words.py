"""The words that pages need beside the prose, in each language.

Owns the labels of cards, tables and navigation; leaves every sentence of the standard to `spec/`.
"""

__all__ = ["CHINESE_BADGES", "FILES", "LANGUAGES", "SCHEMA_TITLES", "WORDS", "badge", "level_class"]

#: Language of a folder in `spec/` -> its name in that language.
LANGUAGES = {"en": "English", "zh": "中文"}

WORDS = {
    "en": {
        "chapters": "Chapters",
        "profiles": "Profiles",
        "schemas": "Schemas",
        "decisions": "Decisions",
        "home": "Home",
        "guide": "Guide",
        "standard": "Standard",
        "all_requirements": "Requirements",
        "conformance": "Conformance",
        "api": "API",
        "way": "The way to this page",
        "edition": "Lepton {version}, draft",
        "cite": "How to cite",
        "licence": "Licence",
        "requirement": "requirement",
        "requirements": "requirements",
        "revision": "rev",
        "remedy": "Remedy",
        "colon": ":",
        "evidence": "Evidence",
        "checks": "check",
        "tests": "test",
        "mutants": "mutant",
        "corpus": "violating example",
        "schema": "schema",
        "valid": "Valid against",
        "invalid": "Not valid against",
        "member": "member",
        "type": "type",
        "required": "required",
        "yes": "yes",
        "meaning": "meaning",
        "document": "The document",
        "definitions": "Definitions",
        "bound": "Requirements",
        "raw": "the schema itself",
        "others": "Other files",
        "file": "file",
        "whole": "The whole schema",
        "open_all": "Open all",
        "close_all": "Close all",
        "about_schemas": "JSON Schema 2020-12. The `$id` of each is a name that is never fetched.",
        "title": "title",
        "level": "level",
        "role": "role",
        "stale": "",
        "whole_page": "Evidence, field results and revisions",
    },
    "zh": {
        "chapters": "章节",
        "profiles": "剖面",
        "schemas": "模式",
        "decisions": "决策",
        "home": "首页",
        "guide": "指南",
        "standard": "标准",
        "all_requirements": "要求",
        "conformance": "符合性",
        "api": "API",
        "way": "当前位置",
        "edition": "Lepton {version} 草案",
        "cite": "如何引用",
        "licence": "许可证",
        "requirement": "要求",
        "requirements": "项要求",
        "revision": "修订",
        "remedy": "修正",
        "colon": "：",
        "evidence": "证据",
        "checks": "检查",
        "tests": "测试",
        "mutants": "变异体",
        "corpus": "违反的实例",
        "schema": "模式",
        "valid": "符合",
        "invalid": "不符合",
        "member": "成员",
        "type": "类型",
        "required": "必需",
        "yes": "是",
        "meaning": "含义",
        "document": "文档",
        "definitions": "定义",
        "bound": "要求",
        "raw": "模式文件",
        "others": "其他文件",
        "file": "文件",
        "whole": "完整模式",
        "open_all": "全部展开",
        "close_all": "全部收起",
        "about_schemas": (
            "JSON Schema 2020-12。每个模式的 `$id` 只是名称，从不用来取文件。模式中的说明是英文原文。"
        ),
        "title": "标题",
        "level": "级别",
        "role": "对象",
        "stale": "译文过时，显示英文原文",
        "whole_page": "证据、实测结果与修订",
    },
}

#: What the published files are for that are no JSON Schemas, by language and name.
FILES = {
    "en": {
        "crosswalk.json": "Where a package answers the items of other frameworks.",
        "datatypes.json": "The registered datatypes.",
        "inference.binpb": "The gRPC service, compiled to a FileDescriptorSet.",
        "inference.openapi.yaml": "The REST routes of the chapter inference, in OpenAPI 3.1.",
        "inference.proto": "The gRPC service of the chapter inference.",
        "metrics.json": "The registered metrics: names, directions, ranges, parameters.",
        "requirements.json": "Every requirement, in English and Chinese.",
        "spdx.json": "The licence identifiers of SPDX.",
        "tasks.json": "The registered tasks: bindings, schemas of request and answer, metrics.",
        "threats.json": "The threat model: threats and the requirements that answer them.",
        "traceability.json": "The checks, tests and mutants of each requirement.",
    },
    "zh": {
        "crosswalk.json": "其他框架的条目在包里的何处。",
        "datatypes.json": "已登记的数据类型。",
        "inference.binpb": "gRPC 服务，编译成 FileDescriptorSet。",
        "inference.openapi.yaml": "inference 章的 REST 路由，OpenAPI 3.1。",
        "inference.proto": "inference 章的 gRPC 服务。",
        "metrics.json": "已登记的指标：名称、方向、范围、参数。",
        "requirements.json": "全部要求，英文和中文。",
        "spdx.json": "SPDX 的许可证标识。",
        "tasks.json": "已登记的任务：绑定、请求和答案的模式、指标。",
        "threats.json": "威胁模型：威胁与应对它的要求。",
        "traceability.json": "每条要求的检查、测试和变异体。",
    },
}

#: What each JSON Schema describes, in Chinese; in English its own title says it.
SCHEMA_TITLES = {
    "application.schema.json": "应用文档 application.json",
    "assurance.schema.json": "保障文档 assurance.json",
    "card.schema.json": "模型卡片",
    "certificate.schema.json": "证书：`lepton attest` 签名的 in-toto Statement",
    "common.schema.json": "各模式共用的定义",
    "conformance-report.schema.json": "符合性报告：`lepton certify` 写出的 report.json",
    "crosswalk.schema.json": "与其他框架的对照 crosswalk.json",
    "dataset.schema.json": "数据集：MLCommons Croissant 1.1 的剖面",
    "findings.schema.json": "发现报告：`lepton validate --format json` 的输出",
    "inference.schema.json": "Open Inference Protocol 第 2 版的 JSON 对象，按 inference 章约束",
    "manifest.schema.json": "包的清单 lepton.json",
    "mapping.schema.json": "从记录到张量的映射",
    "recipe.schema.json": "`lepton pack` 的配方",
    "requirements.schema.json": "本标准的全部要求 requirements.json",
    "threats.schema.json": "本标准的威胁模型 threats.json",
    "vectors.schema.json": "黄金向量",
}

#: What each Chinese badge of a keyword, a role, a way to verify says; an English one says the word itself.
CHINESE_BADGES = {
    "MUST": "必须 MUST",
    "MUST NOT": "不得 MUST NOT",
    "SHOULD": "应 SHOULD",
    "SHOULD NOT": "不应 SHOULD NOT",
    "MAY": "可以 MAY",
    "package": "包",
    "dataset": "数据集",
    "producer": "制作方",
    "validator": "验证器",
    "runtime": "运行时",
    "server": "服务器",
    "client": "客户端",
    "certifier": "认证器",
    "check": "检查",
    "test": "测试",
    "review": "评审",
}


def level_class(level: str) -> str:
    """Return the CSS class of a keyword's badge."""
    return level.lower().replace(" ", "-")


def badge(language: str, word: str) -> str:
    """Return what the badge of a keyword or a role says."""
    return CHINESE_BADGES.get(word, word) if language == "zh" else word
